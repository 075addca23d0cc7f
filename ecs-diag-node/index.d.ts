/** The answer in a word. */
export type Verdict = 'explained' | 'suspected' | 'inconclusive' | 'not-explained' | 'healthy';

/** How much a finding explains. */
export type Severity = 'blocker' | 'likely' | 'warning' | 'info';

/** How a check ended. */
export type Status = 'passed' | 'failed' | 'unknown' | 'not-applicable';

/** How sure a root cause is. */
export type Confidence = 'certain' | 'likely' | 'possible';

/** A step on a task's way from request to stop, in order. */
export type Phase =
  | 'place'
  | 'eni'
  | 'auth'
  | 'secrets'
  | 'env-file'
  | 'log-driver'
  | 'volume'
  | 'pull'
  | 'create'
  | 'start'
  | 'run'
  | 'health'
  | 'stop';

/** What was diagnosed. */
export interface Target {
  readonly kind: 'task' | 'service' | 'event';
  readonly region: string | null;
  readonly account: string | null;
  /** Name of the cluster. */
  readonly cluster: string | null;
  /** ARN of the task; `null` for a service none of whose tasks failed. */
  readonly task: string | null;
  /** Name of the service. */
  readonly service: string | null;
}

/** What the target, or a text, says about a failure. */
export interface Symptom {
  /** Id of the signature; `null` where the text has no known one. */
  readonly signature: string | null;
  /** Phase in which the task failed, where that can be told. */
  readonly phase: Phase | null;
  /** The task's `stopCode`; `null` for a text alone. */
  readonly stop_code: string | null;
  /** The text that was read. */
  readonly text: string;
  /** Classes of what can be wrong in the account, most likely first. */
  readonly causes: readonly string[];
  /** What the text names: `host`, `image`, `action` and so on. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the text reports something expected rather than a failure. */
  readonly benign: boolean;
}

/** The network configuration that the task was started with. */
export interface Network {
  /** Where it was found. */
  readonly source: 'deployment' | 'eni' | 'cloudtrail' | 'given' | 'none';
  readonly subnets: readonly string[];
  readonly security_groups: readonly string[];
  /** `null` where that is not known. */
  readonly assign_public_ip: boolean | null;
}

/** A finding that explains the failure. */
export interface RootCause {
  /** Index into the report's findings. */
  readonly finding: number;
  /** Id of the check that found it. */
  readonly check: string;
  /** How sure it is. */
  readonly confidence: Confidence;
  /** Why it was chosen. */
  readonly because: string;
  /** Indices of the findings that it explains, itself among them. */
  readonly explains: readonly number[];
}

/** An object of the account. */
export interface Resource {
  /** CloudFormation's name of its type, for instance `AWS::EC2::Subnet`. */
  readonly type: string;
  /** Id or name. */
  readonly id: string;
  readonly arn: string | null;
}

/** Where a finding can be seen: a value in an answer. */
export interface Evidence {
  /** The call, for instance `ec2:DescribeRouteTables`. */
  readonly query: string;
  /** The request, as the AWS CLI takes it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The object in the answer. */
  readonly object: string | null;
  /** JSON pointer to the value, in the answer or in the object. */
  readonly pointer: string;
  /** The value; `null` for a thing that is not there. */
  readonly value: unknown;
}

/** What makes a finding go away. */
export interface Remedy {
  /** In a sentence. */
  readonly summary: string;
  readonly steps: readonly string[];
  /** AWS CLI commands, ids filled in. */
  readonly commands: readonly string[];
  /** Whether the change was proved: applied to a copy of the facts, it removed the finding. */
  readonly verified: boolean;
}

/** Something that a check found. */
export interface Finding {
  /** Id of the check. */
  readonly check: string;
  readonly severity: Severity;
  /** Phase that it stops. */
  readonly phase: Phase | null;
  /** What is wrong with which object. */
  readonly summary: string;
  /** Why that stops the task. */
  readonly detail: string;
  /** Whether the object at fault was changed after the failure. */
  readonly changed_after_failure: boolean;
  /** Objects it is about, the one at fault first. */
  readonly resources: readonly Resource[];
  readonly evidence: readonly Evidence[];
  readonly remedy: Remedy | null;
}

/** A call that would settle what is unknown. */
export interface Unknown {
  /** The call, for instance `kms:GetKeyPolicy`. */
  readonly query: string;
  /** The request, as the AWS CLI takes it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Why there is no answer. */
  readonly error: string;
}

/** How a check ended. */
export interface CheckReport {
  /** Id of the check. */
  readonly check: string;
  readonly status: Status;
  /** Why it does not apply, or what went wrong. */
  readonly reason: string | null;
  /** What could not be read. */
  readonly unknown: readonly Unknown[];
}

/** A report as plain data: the wire form `ecs-diag/report/v1`. */
export interface ReportData {
  readonly schema: 'ecs-diag/report/v1';
  readonly target: Target;
  readonly verdict: Verdict;
  /** What the target says about its failure. */
  readonly symptom: Symptom | null;
  readonly network: Network;
  /** What explains the failure, best first. */
  readonly root_causes: readonly RootCause[];
  /** Everything found, worst first. */
  readonly findings: readonly Finding[];
  readonly checks: readonly CheckReport[];
  /** What the answer rests on beside the facts. */
  readonly assumptions: readonly string[];
}

/** The answer to "why does this task not start?": the data, and its renderings. */
export interface Report extends ReportData {}
export declare class Report {
  private constructor();
  /** The report as JSON; every language gives the same bytes. */
  toJson(): string;
  /** The report as Markdown. */
  toMarkdown(): string;
  /** The report as text for people. */
  toString(): string;
}

/** What is known of a check without running it. */
export interface CheckInfo {
  /** Id, as in reports. */
  readonly id: string;
  /** Domain, for instance `image`. */
  readonly domain: string;
  /** Phase of a task's start that a fault stops. */
  readonly phase: Phase;
  readonly title: string;
  /** Classes of cause that a fault is an instance of. */
  readonly causes: readonly string[];
  /** The check's page, Markdown. */
  readonly docs: string;
}

/** Saved answers of an account, read once: a folder or one file. */
export declare class Snapshot {
  /** @throws {SnapshotError} if it cannot be used. */
  constructor(path: string | URL);
  /** What was not used, and why. */
  get warnings(): string[];
}

/** What to diagnose, and with which checks. */
export interface DiagnoseOptions {
  /**
   * Saved answers: a folder, a file, or a `Snapshot` read before. Of a path, what was not used is
   * told as a process warning.
   */
  snapshot: Snapshot | string | URL;
  /** Name or ARN of the cluster; not needed where `task` or `service` is an ARN. */
  cluster?: string | null;
  /** Id or ARN of the task. */
  task?: string | null;
  /**
   * Name or ARN of the service; its newest failed task is diagnosed. Without `task` and `service`,
   * it is the only task of the snapshot that failed, or that is there.
   */
  service?: string | null;
  /** Ids of checks, or domains: no other checks run. */
  only?: Iterable<string> | null;
  /** Ids of checks, or domains, that do not run. */
  skip?: Iterable<string> | null;
}

/**
 * Finds out why a task does not start.
 *
 * @throws {SnapshotError} if the snapshot cannot be used.
 * @throws {NoSuchTargetError} if there is no such task or service, or it is not clear which is meant.
 * @throws {NoSuchCheckError} if `only` or `skip` has a name that no check and no domain has.
 */
export declare function diagnose(options: DiagnoseOptions): Promise<Report>;

/** The same as `diagnose`, without a promise. */
export declare function diagnoseSync(options: DiagnoseOptions): Report;

/** Says what a failure text means: a `stoppedReason`, a service event, a line of a log. */
export declare function explain(text: string): Symptom;

/** The checks, in the order of reports. */
export declare function checks(): CheckInfo[];

/** The version of the package. */
export declare const version: string;

/** There is no report, or no answer; the message says why. */
export declare class EcsDiagError extends Error {
  protected constructor();
  readonly code: 'snapshot' | 'no-such-target' | 'no-such-check' | 'other';
}

/** The snapshot cannot be used; the message names the file, the line and the reason. */
export declare class SnapshotError extends EcsDiagError {
  readonly code: 'snapshot';
}

/** There is no such task or service, or it is not clear which one is meant. */
export declare class NoSuchTargetError extends EcsDiagError {
  readonly code: 'no-such-target';
}

/** No check and no domain has that name. */
export declare class NoSuchCheckError extends EcsDiagError {
  readonly code: 'no-such-check';
}
