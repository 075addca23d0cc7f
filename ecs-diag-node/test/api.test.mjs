// What the package promises beside its reports.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

import * as ecsDiag from 'ecs-diag';

import { CHECKOUT, ROOT } from './places.mjs';

const { Snapshot, checks, diagnose, diagnoseSync, explain } = ecsDiag;
const require = createRequire(import.meta.url);
const HOSTILE = ['', '\0', 'a\0b', "'; rm -rf / #", '\x1b[2J', '../../etc/passwd', '\u202e', '\ud800',
  '__proto__', 'x'.repeat(100_000)];

const folder = () => mkdtempSync(join(tmpdir(), 'ecs-diag-'));

test('both module systems give the same things', () => {
  const cjs = require('ecs-diag');
  assert.deepEqual(Object.keys(ecsDiag).sort(), Object.keys(cjs).sort());
  for (const name of Object.keys(cjs)) assert.equal(ecsDiag[name], cjs[name]);
});

test('version', () => {
  const cargo = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8');
  assert.equal(ecsDiag.version, /^version = "(.+)"$/m.exec(cargo)[1]);
  assert.equal(ecsDiag.version, require('ecs-diag/package.json').version);
});

test('a snapshot is read once and used often', async () => {
  const snapshot = new Snapshot(pathToFileURL(CHECKOUT));
  assert.deepEqual(snapshot.warnings, []);
  const one = diagnoseSync({ snapshot });
  assert.deepEqual(one, await diagnose({ snapshot: CHECKOUT }));
  assert(one instanceof ecsDiag.Report);
});

test('checks are chosen by id and domain', () => {
  const everything = diagnoseSync({ snapshot: CHECKOUT });
  const image = diagnoseSync({ snapshot: CHECKOUT, only: ['image'], skip: null });
  const rest = diagnoseSync({ snapshot: CHECKOUT, skip: new Set(['image']) });
  assert.deepEqual(
    image.checks.map((check) => check.check),
    checks().filter((check) => check.domain === 'image').map((check) => check.id),
  );
  assert.equal(image.checks.length + rest.checks.length, everything.checks.length);
});

test('checks are described', () => {
  const { checks: ran } = diagnoseSync({ snapshot: CHECKOUT });
  assert.deepEqual(checks().map((check) => check.id), ran.map((check) => check.check));
  for (const { title, docs } of checks()) assert(title && docs.startsWith(title));
});

test('errors', async () => {
  const place = folder();
  const broken = join(place, 'broken.json');
  writeFileSync(broken, '{"tasks": [');
  const cases = [
    ['SnapshotError', 'snapshot', /nowhere/, { snapshot: join(place, 'nowhere') }],
    ['SnapshotError', 'snapshot', /broken\.json: line 1/, { snapshot: broken }],
    ['NoSuchTargetError', 'no-such-target', /`0123`/, { cluster: 'shop', task: '0123' }],
    ['NoSuchTargetError', 'no-such-target', /`elsewhere`/, { cluster: 'elsewhere' }],
    ['NoSuchCheckError', 'no-such-check', /did you mean `image`/, { only: ['imag'] }],
  ];
  for (const [name, code, message, options] of cases) {
    const expected = (error) => {
      assert(error instanceof ecsDiag[name] && error instanceof ecsDiag.EcsDiagError);
      assert.equal(error.code, code);
      assert.equal(error.name, name);
      assert.match(error.message, message);
      return true;
    };
    assert.throws(() => diagnoseSync({ snapshot: CHECKOUT, ...options }), expected);
    await assert.rejects(diagnose({ snapshot: CHECKOUT, ...options }), expected);
  }
});

test('wrong arguments', () => {
  const wrong = [
    undefined,
    null,
    {},
    { snapshot: 7 },
    { snapshot: CHECKOUT, task: 'a', service: 'b' },
    { snapshot: CHECKOUT, task: 7 },
    { snapshot: CHECKOUT, only: 'image' },
    { snapshot: CHECKOUT, only: [7] },
    { snapshot: CHECKOUT, skip: 7 },
  ];
  for (const options of wrong) assert.throws(() => diagnoseSync(options), TypeError);
  assert.throws(() => explain(7), TypeError);
});

test('what is not used is told', async (t) => {
  const place = folder();
  writeFileSync(join(place, 'other.json'), '{"what": "ever"}');
  copyFileSync(join(CHECKOUT, 'describe-tasks.json'), join(place, 'tasks.json'));
  assert.match(new Snapshot(place).warnings.join(), /other\.json/);
  const emit = t.mock.method(process, 'emitWarning', () => {});
  diagnoseSync({ snapshot: place });
  assert.match(emit.mock.calls[0].arguments[0], /other\.json/);
  assert.equal(emit.mock.calls[0].arguments[1], 'SnapshotWarning');
});

for (const text of HOSTILE) {
  test(`hostile name ${JSON.stringify(text.slice(0, 20))}`, () => {
    for (const name of ['cluster', 'task', 'service']) {
      const task = name === 'cluster' ? '0123' : undefined;
      assert.throws(
        () => diagnoseSync({ snapshot: CHECKOUT, cluster: 'shop', task, [name]: text }),
        ecsDiag.NoSuchTargetError,
      );
    }
    assert.throws(
      () => diagnoseSync({ snapshot: CHECKOUT, only: [text] }),
      ecsDiag.NoSuchCheckError,
    );
    assert.throws(() => new Snapshot(text), ecsDiag.SnapshotError);
    assert.equal(explain(text).signature, null);
  });
}

test('explain', () => {
  const lines = readFileSync(join(ROOT, 'ecs-diag/tests/explained.jsonl'), 'utf8').trim().split('\n');
  assert(lines.length >= 6);
  for (const line of lines) {
    const { text, reading } = JSON.parse(line);
    const { text: same, stop_code, ...rest } = explain(text);
    assert.equal(same, text);
    assert.equal(stop_code, null);
    assert.deepEqual(rest, reading);
  }
  assert.equal(explain('CannotPullContainerError: \udcff').phase, 'pull');
});

test('the example runs', () => {
  const out = execFileSync(process.execPath, ['offline.mjs', CHECKOUT], { encoding: 'utf8' });
  assert(out.startsWith(`${diagnoseSync({ snapshot: CHECKOUT }).verdict}\n`));
});
