// What the READMEs show does what they say.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { CHECKOUT, ROOT } from './places.mjs';

for (const readme of ['README.md', 'ecs-diag-node/README.md']) {
  test(readme, () => {
    const text = readFileSync(join(ROOT, readme), 'utf8');
    const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
    // The folders that the READMEs speak of.
    for (const folder of ['examples/snapshots/checkout', 'answers']) {
      cpSync(CHECKOUT, folder, { recursive: true });
    }
    writeFileSync('readme.mjs', blocks.join('\n'));
    const run = spawnSync(process.execPath, ['readme.mjs'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /sec-asm-recreated-suffix/);
  });
}
