use serde_json::json;

use super::*;
use crate::{
    checks::testing::{REGION, World},
    finding::{Evidence, Remedy, Resource},
    report::Confidence,
};

const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
    failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: \
    111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: not found";

/// The error of a source that was not told.
fn not_saved(why: &str) -> std::sync::Arc<crate::SourceError> {
    std::sync::Arc::new(crate::SourceError::new(ErrorKind::NotRecorded, why))
}

/// What a world's task says about itself, with this verdict and no check but one.
fn report(verdict: Verdict, change: impl FnOnce(&mut World)) -> Report {
    let mut world = World::default();
    change(&mut world);
    Report {
        verdict,
        root_causes: vec![],
        findings: vec![],
        changed_after_failure: vec![],
        checks: vec![check("pre-task-found", Phase::Place, Status::Passed)],
        assumptions: vec![],
        ..world.report()
    }
}

fn check(id: &str, phase: Phase, status: Status) -> CheckReport {
    let title = format!("Title of {id}");
    CheckReport {
        check: id.to_owned().into(),
        title: title.into(),
        phase,
        status,
        reason: None,
        unknown: vec![],
    }
}

fn images() -> Query {
    let input = json!({
        "registryId": "111122223333", "repositoryName": "shop/checkout",
        "imageIds": [{"imageTag": "v42"}],
    });
    Query::new("ecr", "DescribeImages", &input).in_region(Some(REGION))
}

fn explained_report() -> Report {
    let mut report = report(Verdict::Explained, |world| {
        world.stopped(MESSAGE);
    });
    let repository = Resource::new("AWS::ECR::Repository", "shop/checkout")
        .arn("arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout");
    let evidence =
        Evidence::new(images(), "/imageDetails", serde_json::Value::Null).object("shop/checkout");
    let remedy = Remedy::new(
        "push the image as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or \
         deploy a task definition that names an image the repository has",
    )
    .command(
        "aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout \
         --region eu-west-1",
    )
    .command("docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42");
    let finding = Finding::blocker("repository `shop/checkout` has no image with tag `v42`")
        .detail(
            "container `app` cannot be pulled: ECR answers `not found`; newest tags there: `v41`",
        )
        .resource(repository)
        .evidence(evidence)
        .remedy(remedy);
    report.findings = vec![Finding {
        check: "img-ecr-tag-exists".to_owned(),
        phase: Some(Phase::Pull),
        ..finding
    }];
    report.changed_after_failure = vec![false];
    report.root_causes = vec![RootCause {
        finding: 0,
        confidence: Confidence::Certain,
        because: "the failure message names it".to_owned(),
        explains: vec![0],
    }];
    report.checks.push(check("img-ecr-tag-exists", Phase::Pull, Status::Failed));
    report
}

/// A report with everything that one can have.
fn full_report() -> Report {
    let mut report = explained_report();
    let query = Query::new("ec2", "DescribeRouteTables", &json!({"RouteTableIds": ["rtb-1"]}));
    let finding = |check: &str, finding: Finding| Finding {
        check: check.to_owned(),
        phase: Some(Phase::Auth),
        ..finding
    };
    report.verdict = Verdict::Suspected;
    report.findings.extend([
        finding(
            "rt-default-route",
            Finding::blocker("subnet `subnet-1` has no route to the internet")
                .detail("the task cannot reach `api.ecr.eu-west-1.amazonaws.com` from there")
                .resource(Resource::new("AWS::EC2::Subnet", "subnet-1"))
                .resource(Resource::new("AWS::EC2::RouteTable", "rtb-1"))
                .evidence(Evidence::new(query.clone(), "/Routes", json!([])).object("rtb-1"))
                .remedy(
                    Remedy::new("give route table `rtb-1` a default route")
                        .step("choose a NAT gateway of the same VPC in a public subnet")
                        .step("add the route")
                        .command(
                            "aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block \
                             0.0.0.0/0 --nat-gateway-id nat-1 --region eu-west-1",
                        ),
                ),
        ),
        finding(
            "path-ecr-api",
            Finding::blocker("`api.ecr.eu-west-1.amazonaws.com` cannot be reached"),
        ),
        finding(
            "img-mutable-tag",
            Finding::warning("tags of `shop/checkout` can be overwritten")
                .detail("another image may run tomorrow")
                .remedy(
                    Remedy::new("make them immutable").command("aws ecr put-image-tag-mutability"),
                ),
        ),
        finding("fg-platform", Finding::info("platform version 1.4.0 is the newest one")),
    ]);
    report.findings[1].remedy.as_mut().unwrap().verified = true;
    report.changed_after_failure = vec![false, true, false, false, false];
    report.root_causes[0].confidence = Confidence::Likely;
    report.root_causes.push(RootCause {
        finding: 1,
        confidence: Confidence::Possible,
        because: "it was changed after this failure".to_owned(),
        explains: vec![1, 2],
    });
    let unknown = |id, phase, query: &Query, why: &str| CheckReport {
        unknown: vec![Missing::Unavailable(query.clone(), not_saved(why))],
        ..check(id, phase, Status::Unknown)
    };
    let because = |id, phase, status, reason: &str| CheckReport {
        reason: Some(reason.to_owned()),
        ..check(id, phase, status)
    };
    let denied = "AccessDeniedException: not authorized";
    report.checks.extend([
        check("xr-exists", Phase::Auth, Status::Passed),
        check("eni-there", Phase::Eni, Status::Passed),
        unknown("rt-blackhole", Phase::Auth, &query, denied),
        unknown("rt-return", Phase::Pull, &query, denied),
        unknown(
            "kms-key-state",
            Phase::Secrets,
            &Query::new("kms", "DescribeKey", &json!({"KeyId": "k"})),
            "not saved: run `aws kms describe-key --key-id k --region eu-west-1`",
        ),
        because("odd", Phase::Run, Status::Unknown, "the check panicked"),
        because("efs-tls", Phase::Volume, Status::NotApplicable, "no EFS volume"),
    ]);
    report.assumptions.push(format!("`Subnets` is complete for account 111122223333 in {REGION}"));
    report
}

fn normal(report: &Report) -> String {
    text(report, &Style::default())
}

#[test]
fn explained() {
    insta::assert_snapshot!(normal(&explained_report()), @r"
    explained: repository `shop/checkout` has no image with tag `v42`

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed     in phase pull, TaskFailedToStart, signature CPC-RETRY-RESOLVE
                 > CannotPullContainerError: pull image manifest has been retried 1
                 > time(s): failed to resolve ref
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > not found

    cause (certain: the failure message names it)
      object     AWS::ECR::Repository shop/checkout
                 arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout
      why        container `app` cannot be pulled: ECR answers `not found`; newest
                 tags there: `v41`
      seen in    ecr:DescribeImages /imageDetails of shop/checkout: not there
      check      img-ecr-tag-exists

    fix: push the image as
      `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or deploy a
      task definition that names an image the repository has
      $ aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout --region eu-west-1
      $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42

    ruled out: 1 check passed
      place      pre-task-found
    ");
}

#[test]
fn inconclusive() {
    let mut report = report(Verdict::Inconclusive, |world| {
        world.stopped(MESSAGE);
    });
    let error = crate::SourceError::from_code(
        "AccessDeniedException",
        "not authorized to perform: ecr:DescribeImages",
    );
    report.checks.push(CheckReport {
        unknown: vec![Missing::Unavailable(images(), error.into())],
        ..check("img-ecr-tag-exists", Phase::Pull, Status::Unknown)
    });
    insta::assert_snapshot!(normal(&report), @r#"
    inconclusive: no cause found; 1 check could not be answered

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed     in phase pull, TaskFailedToStart, signature CPC-RETRY-RESOLVE
                 > CannotPullContainerError: pull image manifest has been retried 1
                 > time(s): failed to resolve ref
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > not found

    ruled out: 1 check passed
      place      pre-task-found

    could not be known: 1 check
      ecr:DescribeImages
        {"imageIds":[{"imageTag":"v42"}],"registryId":"111122223333","repositoryName":"shop/checkout"}
        in eu-west-1
        AccessDeniedException: not authorized to perform: ecr:DescribeImages
        would settle img-ecr-tag-exists
    "#);
}

#[test]
fn not_explained() {
    let report = report(Verdict::NotExplained, |world| {
        world.stopped(MESSAGE);
    });
    insta::assert_snapshot!(normal(&report), @r"
    not-explained: no cause found, and nothing is missing that could show one

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed     in phase pull, TaskFailedToStart, signature CPC-RETRY-RESOLVE
                 > CannotPullContainerError: pull image manifest has been retried 1
                 > time(s): failed to resolve ref
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > not found

    ruled out: 1 check passed
      place      pre-task-found
    ");
}

#[test]
fn stopped_as_it_should() {
    let report = report(Verdict::Healthy, |world| {
        world
            .task("/stopCode", json!("UserInitiated"))
            .stopped("Task stopped by user")
            .task("/startedAt", json!("2026-11-20T10:00:30Z"));
    });
    insta::assert_snapshot!(normal(&report), @r"
    healthy: the task stopped as it should

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      stopped    as it should, UserInitiated, signature STOP-USER
                 > Task stopped by user

    ruled out: 1 check passed
      place      pre-task-found
    ");
}

#[test]
fn everything() {
    insta::assert_snapshot!(normal(&full_report()), @r#"
    suspected: repository `shop/checkout` has no image with tag `v42` (likely)

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed     in phase pull, TaskFailedToStart, signature CPC-RETRY-RESOLVE
                 > CannotPullContainerError: pull image manifest has been retried 1
                 > time(s): failed to resolve ref
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > not found

    cause 1 of 2, likely: repository `shop/checkout` has no image with tag `v42`
      because    the failure message names it
      object     AWS::ECR::Repository shop/checkout
                 arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout
      why        container `app` cannot be pulled: ECR answers `not found`; newest
                 tags there: `v41`
      seen in    ecr:DescribeImages /imageDetails of shop/checkout: not there
      check      img-ecr-tag-exists

    fix: push the image as
      `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or deploy a
      task definition that names an image the repository has
      $ aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout --region eu-west-1
      $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42

    cause 2 of 2, possible: subnet `subnet-1` has no route to the internet
      because    it was changed after this failure
      object     AWS::EC2::Subnet subnet-1
      with       AWS::EC2::RouteTable rtb-1
      why        the task cannot reach `api.ecr.eu-west-1.amazonaws.com` from there
      changed    after this failure
      seen in    ec2:DescribeRouteTables /Routes of rtb-1: []
      explains   `api.ecr.eu-west-1.amazonaws.com` cannot be reached [path-ecr-api]
      check      rt-default-route

    fix: give route table `rtb-1` a default route
      1. choose a NAT gateway of the same VPC in a public subnet
      2. add the route
      $ aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-1 --region eu-west-1
      proved: with this change the checks pass

    also found
      warning: tags of `shop/checkout` can be overwritten [img-mutable-tag]
        another image may run tomorrow
        fix: make them immutable
      info: platform version 1.4.0 is the newest one [fg-platform]

    ruled out: 3 checks passed
      place      pre-task-found
      eni        eni-there
      auth       xr-exists

    could not be known: 4 checks
      ec2:DescribeRouteTables {"RouteTableIds":["rtb-1"]}
        AccessDeniedException: not authorized
        would settle rt-blackhole, rt-return
      kms:DescribeKey
        not saved: run `aws kms describe-key --key-id k --region eu-west-1`
        would settle kms-key-state
      odd: the check panicked

    assumed:
      - `Subnets` is complete for account 111122223333 in eu-west-1
    "#);
}

#[test]
fn everything_in_full() {
    let style = Style { detail: Detail::Full, ..Style::default() };
    insta::assert_snapshot!(text(&full_report(), &style), @r#"
    suspected: repository `shop/checkout` has no image with tag `v42` (likely)

      task       4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c, service checkout, cluster shop
                 arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed     in phase pull, TaskFailedToStart, signature CPC-RETRY-RESOLVE
                 > CannotPullContainerError: pull image manifest has been retried 1
                 > time(s): failed to resolve ref
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
                 > not found
      from       stoppedReason
      may be     image.tag-missing
                 image.wrong-reference
                 image.digest-expired
      says       attempts: 1
                 image:
                 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42
                 region: eu-west-1
                 registry: 111122223333.dkr.ecr.eu-west-1.amazonaws.com
                 repository: shop/checkout
                 service: ecr.dkr
                 tag: v42
      network    subnet-0a11111111111111a, subnet-0b22222222222222b,
                 sg-0c33333333333333c, no public address

    cause 1 of 2, likely: repository `shop/checkout` has no image with tag `v42`
      because    the failure message names it
      object     AWS::ECR::Repository shop/checkout
                 arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout
      why        container `app` cannot be pulled: ECR answers `not found`; newest
                 tags there: `v41`
      seen in    ecr:DescribeImages
                 {"imageIds":[{"imageTag":"v42"}],"registryId":"111122223333","repositoryName":"shop/checkout"}
                 in eu-west-1 /imageDetails of shop/checkout: not there
      check      img-ecr-tag-exists

    fix: push the image as
      `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or deploy a
      task definition that names an image the repository has
      $ aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout --region eu-west-1
      $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42

    cause 2 of 2, possible: subnet `subnet-1` has no route to the internet
      because    it was changed after this failure
      object     AWS::EC2::Subnet subnet-1
      with       AWS::EC2::RouteTable rtb-1
      why        the task cannot reach `api.ecr.eu-west-1.amazonaws.com` from there
      changed    after this failure
      seen in    ec2:DescribeRouteTables {"RouteTableIds":["rtb-1"]} /Routes of
                 rtb-1: []
      explains   `api.ecr.eu-west-1.amazonaws.com` cannot be reached [path-ecr-api]
      check      rt-default-route

    fix: give route table `rtb-1` a default route
      1. choose a NAT gateway of the same VPC in a public subnet
      2. add the route
      $ aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-1 --region eu-west-1
      proved: with this change the checks pass

    also found
      warning: tags of `shop/checkout` can be overwritten [img-mutable-tag]
        another image may run tomorrow
        fix: make them immutable
          $ aws ecr put-image-tag-mutability
      info: platform version 1.4.0 is the newest one [fg-platform]

    ruled out: 3 checks passed
      pre-task-found: Title of pre-task-found (place)
      xr-exists: Title of xr-exists (auth)
      eni-there: Title of eni-there (eni)

    not applicable: 1 check
      efs-tls: no EFS volume (volume)

    could not be known: 4 checks
      ec2:DescribeRouteTables {"RouteTableIds":["rtb-1"]}
        AccessDeniedException: not authorized
        would settle rt-blackhole, rt-return
      kms:DescribeKey {"KeyId":"k"}
        not saved: run `aws kms describe-key --key-id k --region eu-west-1`
        would settle kms-key-state
      odd: the check panicked

    assumed:
      - `Subnets` is complete for account 111122223333 in eu-west-1
    "#);
}

#[test]
fn everything_in_brief() {
    let style = Style { detail: Detail::Brief, ..Style::default() };
    insta::assert_snapshot!(text(&explained_report(), &style), @r"explained: repository `shop/checkout` has no image with tag `v42`");
    insta::assert_snapshot!(text(&full_report(), &style), @r"
    suspected: repository `shop/checkout` has no image with tag `v42` (likely)
    suspected: subnet `subnet-1` has no route to the internet (possible)
    ");
}

#[test]
fn everything_in_markdown() {
    insta::assert_snapshot!(markdown(&full_report()), @r#"
    **suspected:** repository `shop/checkout` has no image with tag `v42` (likely)

    - task: `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`, service `checkout`, cluster `shop`
    - ARN: `arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`
    - failed: in phase `pull`, `TaskFailedToStart`, signature `CPC-RETRY-RESOLVE`

    ```text
    CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: not found
    ```

    ### Cause 1 of 2 (likely)

    repository `shop/checkout` has no image with tag `v42`

    - because: the failure message names it
    - object: `AWS::ECR::Repository` `shop/checkout`, `arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout`
    - why: container `app` cannot be pulled: ECR answers `not found`; newest tags there: `v41`
    - seen in: `ecr:DescribeImages` `/imageDetails` of `shop/checkout`: not there
    - check: `img-ecr-tag-exists`

    **Fix:** push the image as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or deploy a task definition that names an image the repository has

    ```sh
    aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout --region eu-west-1
    docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42
    ```

    ### Cause 2 of 2 (possible)

    subnet `subnet-1` has no route to the internet

    - because: it was changed after this failure
    - object: `AWS::EC2::Subnet` `subnet-1`
    - with: `AWS::EC2::RouteTable` `rtb-1`
    - why: the task cannot reach `api.ecr.eu-west-1.amazonaws.com` from there
    - changed after this failure
    - seen in: `ec2:DescribeRouteTables` `/Routes` of `rtb-1`: `[]`
    - explains: `api.ecr.eu-west-1.amazonaws.com` cannot be reached (`path-ecr-api`)
    - check: `rt-default-route`

    **Fix:** give route table `rtb-1` a default route

    1. choose a NAT gateway of the same VPC in a public subnet
    2. add the route

    ```sh
    aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-1 --region eu-west-1
    ```

    **Proved:** with this change the checks pass

    ### Also found

    - **warning:** tags of `shop/checkout` can be overwritten (`img-mutable-tag`)

      another image may run tomorrow

      **Fix:** make them immutable

      ```sh
      aws ecr put-image-tag-mutability
      ```
    - **info:** platform version 1.4.0 is the newest one (`fg-platform`)

    ### Ruled out: 3 checks passed

    - place: `pre-task-found`
    - eni: `eni-there`
    - auth: `xr-exists`

    ### Could not be known: 4 checks

    - `ec2:DescribeRouteTables` `{"RouteTableIds":["rtb-1"]}`: AccessDeniedException: not authorized; would settle `rt-blackhole`, `rt-return`
    - `kms:DescribeKey`: not saved: run `aws kms describe-key --key-id k --region eu-west-1`; would settle `kms-key-state`
    - `odd`: the check panicked

    ### Assumed

    - `Subnets` is complete for account 111122223333 in eu-west-1
    "#);
}

#[test]
fn narrow() {
    let style = Style { width: 20, ..Style::default() };
    insta::assert_snapshot!(text(&explained_report(), &style), @r"
    explained:
      repository
      `shop/checkout`
      has no image with
      tag `v42`

      task
        4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c,
        service
        checkout,
        cluster shop
        arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
      failed
        in phase pull,
        TaskFailedToStart,
        signature
        CPC-RETRY-RESOLVE
        > CannotPullContainerError:
        > pull image
        > manifest has
        > been retried 1
        > time(s):
        > failed to
        > resolve ref
        > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
        > 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42:
        > not found

    cause (certain: the
      failure message
      names it)
      object
        AWS::ECR::Repository
        shop/checkout
        arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout
      why
        container `app`
        cannot be
        pulled: ECR
        answers
        `not found`;
        newest tags
        there: `v41`
      seen in
        ecr:DescribeImages
        /imageDetails of
        shop/checkout:
        not there
      check
        img-ecr-tag-exists

    fix: push the image
      as
      `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`,
      or deploy a task
      definition that
      names an image the
      repository has
      $ aws ecr describe-images --registry-id 111122223333 --repository-name shop/checkout --region eu-west-1
      $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42

    ruled out: 1 check
      passed
      place
        pre-task-found
    ");
}

#[test]
fn lines_are_as_wide_as_the_terminal_allows() {
    for width in [0, 20, 39, 40, 60, 80, 100, 1000] {
        for detail in [Detail::Normal, Detail::Full] {
            let shown = text(&full_report(), &Style { color: false, width, detail });
            for line in shown.lines() {
                let words = line.trim_start().trim_start_matches("> ");
                let fits = line.chars().count() <= width.clamp(20, 100);
                let whole = !words.contains(' ') || words.starts_with(['$', '`']);
                // A label or a mark, and one word that is too long.
                let labelled = words.split_whitespace().count() <= 2;
                assert!(fits || whole || labelled, "at {width}: {line}");
            }
        }
    }
}

#[test]
fn colors_change_nothing_else() {
    for detail in [Detail::Brief, Detail::Normal, Detail::Full] {
        let plain = Style { detail, ..Style::default() };
        let colored = text(&full_report(), &Style { color: true, ..plain });
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').expect("an escape ends").1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, text(&full_report(), &plain));
        assert_ne!(colored, stripped);
    }
}

/// Names that try to be more than names.
const HOSTILE: [&str; 9] = [
    "\u{1b}[2J\u{1b}]8;;http://evil.example\u{7}x",
    "a\nexplained: forged\r\n$ rm -rf /",
    "\u{202e}live\u{202c}\u{2066}x\u{2069}\u{200b}",
    "`` ` ``` <script>alert(1)</script> [x](http://evil.example) ![x](y)",
    "``` \n# heading\n- item",
    "` [a](javascript:b) `<b>`` &lt; www.evil.example @everyone #1",
    "\u{9b}31m\u{0}\u{8}\u{7f}",
    "| a | b |\n|---|---|",
    "",
];

/// A report with `name` wherever data goes.
fn hostile_report(name: &str) -> Report {
    let mut report = full_report();
    let query = Query::new("ecs", "DescribeTasks", &json!({"tasks": [name]}));
    for finding in &mut report.findings {
        finding.summary = format!("role `{name}` is not there");
        finding.detail = format!("it is {name}");
        finding.resources = vec![Resource::new("AWS::IAM::Role", name).arn(format!("arn:{name}"))];
        finding.evidence = vec![Evidence::new(query.clone(), name, name).object(name)];
        finding.remedy =
            Some(Remedy::new(name).step(name).command(format!("aws x '{name}'")).command("aws y"));
    }
    let mut symptom = report.symptom.as_deref().cloned().expect("a symptom");
    symptom.text = name.to_owned();
    symptom.stop_code = Some(name.to_owned());
    symptom.place = crate::signature::Place::Container(name.to_owned());
    symptom.reading.parameters.insert("host", name.to_owned());
    report.symptom = Some(std::sync::Arc::new(symptom));
    report.target.task = Some(name.to_owned());
    report.target.cluster = Some(name.to_owned());
    report.target.service = Some(name.to_owned());
    report.network.subnets = vec![name.to_owned()];
    report.assumptions = vec![name.to_owned()];
    for check in &mut report.checks {
        check.reason = Some(name.to_owned());
        check.unknown = match check.status {
            Status::Unknown => vec![Missing::undecided(query.clone(), name)],
            _ => vec![],
        };
    }
    report
}

#[test]
fn hostile_names_do_nothing() {
    for name in HOSTILE {
        let report = hostile_report(name);
        let texts = [Detail::Brief, Detail::Normal, Detail::Full]
            .map(|detail| text(&report, &Style { detail, ..Style::default() }));
        for shown in texts.iter().chain([&markdown(&report)]) {
            for c in shown.chars().filter(|c| *c != '\n') {
                assert_eq!(clean(&c.to_string()), c.to_string(), "{c:?} in {shown}");
            }
            for line in shown.lines() {
                assert!(!line.trim_start().starts_with("explained: forged"), "{shown}");
                assert!(!line.trim_start().starts_with("$ rm"), "{shown}");
            }
        }
    }
}

#[test]
fn huge_texts_are_bounded() {
    for unit in ["x", "x ", "`", "\u{1b}", "漢"] {
        let huge = unit.repeat(1_000_000 / unit.len());
        let report = hostile_report(&huge);
        assert!(normal(&report).len() < 400_000, "{unit:?}: {}", normal(&report).len());
        assert!(markdown(&report).len() < 400_000, "{unit:?}: {}", markdown(&report).len());
        let brief = Style { detail: Detail::Brief, ..Style::default() };
        assert!(text(&report, &brief).len() < 40_000);
        let full = Style { detail: Detail::Full, ..Style::default() };
        assert!(unit != "x" || text(&report, &full).contains(&huge));
    }
    let report = report(Verdict::NotExplained, |world| {
        world.stopped(&format!("CannotPullContainerError: {}", "very ".repeat(200_000)));
    });
    assert!(normal(&report).len() < 4000);
    assert!(markdown(&report).len() < 4000);
}

#[test]
fn many_findings_are_bounded() {
    let mut report = full_report();
    let finding = report.findings[3].clone();
    report.findings.extend(std::iter::repeat_n(finding, 10_000));
    report.changed_after_failure.resize(report.findings.len(), false);
    assert!(normal(&report).contains("… and 9990 more"));
    assert!(normal(&report).lines().count() < 150);
    assert!(markdown(&report).lines().count() < 250);
}

#[test]
fn a_command_is_shown_whole_or_not_at_all() {
    let mut report = explained_report();
    let remedy = report.findings[0].remedy.as_mut().unwrap();
    remedy.commands = vec!["aws a\nb".to_owned(), "x".repeat(COMMAND + 1), "aws ok".to_owned()];
    for shown in [normal(&report), markdown(&report)] {
        assert!(shown.contains("aws ok") && shown.contains(NOT_SHOWN), "{shown}");
        assert!(!shown.contains("aws a") && !shown.contains("xxx"), "{shown}");
    }
}
