// The golden cases: every language gives the same bytes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import test from 'node:test';

import * as esm from 'ecs-diag';

import { CASES, LIVE } from './places.mjs';

const cjs = createRequire(import.meta.url)('ecs-diag');
const within = (folder) =>
  existsSync(folder) ? readdirSync(folder).sort().map((name) => join(folder, name)) : [];
const cases = within(CASES);

test('there are cases', () => assert(cases.length >= 20));

for (const folder of [...cases, ...within(LIVE)]) {
  test(basename(folder), async () => {
    const args = join(folder, 'args.json');
    const options = {
      ...(existsSync(args) ? JSON.parse(readFileSync(args, 'utf8')) : {}),
      snapshot: join(folder, 'snapshot'),
    };
    const expected = readFileSync(join(folder, 'report.json'), 'utf8');
    const report = await esm.diagnose(options);
    assert.equal(report.toJson() + '\n', expected);
    assert.equal(JSON.stringify(report), JSON.stringify(JSON.parse(expected)));
    assert.equal(cjs.diagnoseSync(options).toJson(), report.toJson());
    assert.deepEqual(Object.keys(report), Object.keys(JSON.parse(expected)));
    assert(String(report) && report.toMarkdown());
  });
}
