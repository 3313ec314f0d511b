import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const PROBLEM_CODES = 'x-talon-problems';

/** Documents the problems this route may answer with, e.g. `ApiProblems('booking/not-found')`; the common ones need no mention. */
export const ApiProblems = (...codes: string[]) => applyDecorators(ApiExtension(PROBLEM_CODES, codes));
