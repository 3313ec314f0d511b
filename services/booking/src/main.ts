import { runService } from '@talon/platform';
import { bookingService } from './booking.module';

void runService(bookingService);
