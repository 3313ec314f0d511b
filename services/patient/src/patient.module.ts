import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Rpc } from '@talon/kernel';
import { PlatformConfig, type ServiceDefinition } from '@talon/platform';
import { Feeds } from '@talon/read-model';
import { DataSource } from 'typeorm';
import { GuardianController } from './adapters/http/guardian.controller';
import { PatientController } from './adapters/http/patient.controller';
import { erasureReaction } from './adapters/messaging/inbound';
import { serveRpc } from './adapters/messaging/inbound-rpc';
import { patientOutbound } from './adapters/messaging/outbound';
import { GuardianshipRow } from './adapters/read-models/guardianship.entity';
import { guardianshipProjection } from './adapters/read-models/guardianship.projection';
import { GuardianshipsQuery } from './adapters/read-models/guardianships.query';
import { PostgresVault } from './adapters/vault/postgres-vault';
import { VaultCrypto, parseVaultKey } from './adapters/vault/vault-crypto';
import { DocumentRow, VaultRow } from './adapters/vault/vault.entity';
import {
  AddGuardianHandler,
  ListDependantsHandler,
  ListGuardiansHandler,
  MayActHandler,
  PatientStandingsHandler,
  RevokeGuardianHandler,
} from './application/guardian.handlers';
import { ChangePatientHandler, ErasePatientHandler, ReadPatientHandler } from './application/patient.handlers';
import { PatientLog } from './application/patient-log';
import { Dependants, Vault } from './application/ports';
import { RegisterPatientHandler } from './application/register-patient.handler';
import { PatientGuardianship1764000300001 } from './migrations/guardianship-1764000300001';
import { PatientVault1764000300000 } from './migrations/vault-1764000300000';

const HANDLERS = [
  RegisterPatientHandler,
  ReadPatientHandler,
  ChangePatientHandler,
  ErasePatientHandler,
  AddGuardianHandler,
  RevokeGuardianHandler,
  ListGuardiansHandler,
  ListDependantsHandler,
  MayActHandler,
  PatientStandingsHandler,
];

@Module({
  imports: [CqrsModule],
  controllers: [PatientController, GuardianController],
  providers: [
    PatientLog,
    {
      provide: Vault,
      inject: [DataSource, PlatformConfig],
      useFactory: (dataSource: DataSource, { TALON_VAULT_KEY }: PlatformConfig) => {
        if (!TALON_VAULT_KEY) throw new Error('TALON_VAULT_KEY is not set: the patient service needs 32 bytes in base64 to encrypt personal data');
        return new PostgresVault(dataSource, new VaultCrypto(parseVaultKey(TALON_VAULT_KEY)));
      },
    },
    { provide: Dependants, inject: [DataSource], useFactory: (dataSource: DataSource) => new GuardianshipsQuery(dataSource) },
    ...HANDLERS,
  ],
})
export class PatientModule implements OnModuleInit {
  constructor(
    @Inject(Rpc) private readonly rpc: Rpc,
    @Inject(Feeds) private readonly feeds: Feeds,
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(Vault) private readonly vault: Vault,
  ) {}

  onModuleInit(): void {
    serveRpc(this.rpc, this.queries);
    this.feeds.addProjection(guardianshipProjection);
    this.feeds.addReaction(erasureReaction(this.vault));
  }
}

export const patientService: ServiceDefinition = {
  name: 'patient',
  module: PatientModule,
  entities: [VaultRow, DocumentRow, GuardianshipRow],
  migrations: [PatientVault1764000300000, PatientGuardianship1764000300001],
  outbound: patientOutbound,
};
