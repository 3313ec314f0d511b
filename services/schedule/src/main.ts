import { runService } from '@talon/platform';
import { scheduleService } from './schedule.module';

void runService(scheduleService);
