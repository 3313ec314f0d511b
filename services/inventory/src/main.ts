import { runService } from '@talon/platform';
import { inventoryService } from './inventory.module';

void runService(inventoryService);
