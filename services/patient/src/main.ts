import { runService } from '@talon/platform';
import { patientService } from './patient.module';

void runService(patientService);
