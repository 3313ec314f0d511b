import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Access, ApiProblems } from '@talon/http';
import { SessionLoader } from '../../application/session-loader';
import { inventoryError } from '../../domain/errors';

export class DriftDto {
  @ApiProperty({ format: 'uuid' }) sessionId: string;
  @ApiProperty({ type: [String], description: 'What the fast copy and the log disagree on; empty when they agree or the session is not loaded.', example: [] })
  differences: string[];
}

@ApiTags('operations')
@ApiBearerAuth()
@Controller('v1/operations/inventory')
@Access('operator')
export class DriftController {
  constructor(@Inject(SessionLoader) private readonly loader: SessionLoader) {}

  @Get(':sessionId/drift')
  @ApiOperation({ summary: 'Compare the fast copy of a session with the log', description: 'Slots that are being taken at this moment may be named: ask again.' })
  @ApiParam({ name: 'sessionId', format: 'uuid' })
  @ApiOkResponse({ type: DriftDto })
  @ApiProblems('inventory/session-unknown')
  async drift(@Param('sessionId') sessionId: string): Promise<DriftDto> {
    const differences = await this.loader.drift(sessionId);
    if (differences === null) throw inventoryError('session-unknown', 'There is no such session');
    return { sessionId, differences };
  }
}
