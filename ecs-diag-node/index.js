// The JavaScript face of ecs-diag. The work is done by the native half; reports cross the border as
// text and are parsed here.
'use strict';

const { fileURLToPath } = require('node:url');

const native = require('./native.js');

/** There is no report, or no answer; the message says why. */
class EcsDiagError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }

  get name() {
    return this.constructor.name;
  }
}

/** The snapshot cannot be used; the message names the file, the line and the reason. */
class SnapshotError extends EcsDiagError {}

/** There is no such task or service, or it is not clear which one is meant. */
class NoSuchTargetError extends EcsDiagError {}

/** No check and no domain has that name. */
class NoSuchCheckError extends EcsDiagError {}

const ERRORS = {
  __proto__: null,
  snapshot: SnapshotError,
  'no-such-target': NoSuchTargetError,
  'no-such-check': NoSuchCheckError,
  other: EcsDiagError,
};

/** Calls the native half; its errors become ours. */
function called(work) {
  try {
    return work();
  } catch (error) {
    const Class = ERRORS[error?.code];
    if (Class) {
      throw new Class(error.code, error.message);
    }
    // An argument of another type than Rust can take.
    throw /Expected$|^InvalidArg$/.test(error?.code) ? new TypeError(error.message) : error;
  }
}

let nativeOf;

/** Saved answers of an account, read once: a folder or one file. */
class Snapshot {
  #native;

  static {
    nativeOf = (snapshot) => snapshot.#native;
  }

  constructor(path) {
    const name = path instanceof URL ? fileURLToPath(path) : path;
    this.#native = called(() => new native.Snapshot(name));
  }

  /** What was not used, and why. */
  get warnings() {
    return this.#native.warnings;
  }
}

/** The answer to "why does this task not start?": the report's JSON, parsed, with its renderings. */
class Report {
  #rendered;

  constructor(rendered) {
    this.#rendered = rendered;
    Object.assign(this, JSON.parse(rendered.json));
  }

  /** The report as JSON; every language gives the same bytes. */
  toJson() {
    return this.#rendered.json;
  }

  /** The report as Markdown. */
  toMarkdown() {
    return this.#rendered.markdown;
  }

  /** The report as text for people. */
  toString() {
    return this.#rendered.text;
  }
}

/** Finds out why a task does not start. */
function diagnoseSync(options) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('`diagnose` takes an object of options');
  }
  const { snapshot, cluster, task, service, only, skip } = options;
  if (task != null && service != null) {
    throw new TypeError('give `task` or `service`, not both');
  }
  let source = snapshot;
  if (!(source instanceof Snapshot)) {
    source = new Snapshot(snapshot);
    for (const warning of source.warnings) {
      process.emitWarning(warning, 'SnapshotWarning');
    }
  }
  // `null` means the same as nothing.
  const wanted = {
    cluster: cluster ?? undefined,
    task: task ?? undefined,
    service: service ?? undefined,
    only: names('only', only),
    skip: names('skip', skip),
  };
  return new Report(called(() => native.diagnose(nativeOf(source), wanted)));
}

function names(option, list) {
  // A string is an iterable of strings, and never meant as one here.
  if (typeof list === 'string') {
    throw new TypeError(`\`${option}\` is a list of names, not one string`);
  }
  return list == null ? undefined : [...list];
}

/** Finds out why a task does not start. */
async function diagnose(options) {
  return diagnoseSync(options);
}

/** Says what a failure text means: a `stoppedReason`, a service event, a line of a log. */
function explain(text) {
  if (typeof text !== 'string') {
    throw new TypeError('`explain` takes a text');
  }
  const { signature, phase, causes, parameters, benign } = JSON.parse(
    called(() => native.explain(text)),
  );
  return { signature, phase, stop_code: null, text: text.toWellFormed(), causes, parameters, benign };
}

/** The checks, in the order of reports. */
function checks() {
  return JSON.parse(called(() => native.checks()));
}

exports.EcsDiagError = EcsDiagError;
exports.NoSuchCheckError = NoSuchCheckError;
exports.NoSuchTargetError = NoSuchTargetError;
exports.Report = Report;
exports.Snapshot = Snapshot;
exports.SnapshotError = SnapshotError;
exports.checks = checks;
exports.diagnose = diagnose;
exports.diagnoseSync = diagnoseSync;
exports.explain = explain;
exports.version = native.version();
