// The tests run where the package is installed; the repository is elsewhere.

import { join } from 'node:path';

export const ROOT = process.env.ECS_DIAG_ROOT;
export const CASES = join(ROOT, 'ecs-diag/tests/cases');
export const CHECKOUT = join(ROOT, 'examples/snapshots/checkout');
// Captures of an account, where the tests of the live source have left them.
export const LIVE = process.env.ECS_DIAG_CASES ?? '/nonexistent';
