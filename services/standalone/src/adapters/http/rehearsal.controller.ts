import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Access, ApiProblems, IsInstant } from '@talon/http';
import { Clock } from '@talon/kernel';
import { RehearsalClock } from '@talon/platform';
import { rehearsalError } from '../../domain/errors';

export class ClockDto {
  @ApiProperty({ format: 'date-time', example: '2016-05-03T08:00:00.000Z' })
  @IsInstant()
  now: string;
}

/** Time in a rehearsal: every timer of the platform follows it. Outside of one these routes answer 404. */
@ApiTags('rehearsal')
@ApiBearerAuth()
@Controller('v1/rehearsal/clock')
@Access('operator')
export class RehearsalController {
  constructor(@Inject(Clock) private readonly clock: Clock) {}

  @Get()
  @ApiOperation({ summary: 'What time it is in the rehearsal', operationId: 'readRehearsalClock' })
  @ApiOkResponse({ type: ClockDto })
  @ApiProblems('rehearsal/not-rehearsing')
  read(): ClockDto {
    return { now: this.rehearsal().now() };
  }

  @Put()
  @ApiOperation({ summary: 'Move the time of the rehearsal, forward only', operationId: 'moveRehearsalClock' })
  @ApiOkResponse({ type: ClockDto })
  @ApiProblems('rehearsal/not-rehearsing', 'rehearsal/clock-backwards', 'talon/invalid-input')
  move(@Body() body: ClockDto): ClockDto {
    const clock = this.rehearsal();
    const instantMs = Date.parse(body.now);
    if (instantMs < clock.nowMs()) {
      throw rehearsalError('clock-backwards', `It is ${clock.now()} already`, { data: { now: clock.now() } });
    }
    clock.advanceTo(instantMs);
    return { now: clock.now() };
  }

  private rehearsal(): RehearsalClock {
    if (this.clock instanceof RehearsalClock) return this.clock;
    throw rehearsalError('not-rehearsing', 'The platform runs on real time');
  }
}
