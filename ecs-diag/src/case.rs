//! What the checks of one target share: worked out when first asked for, and once.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeSet,
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Phase, Query,
    aws::{Arn, Request, cloudtrail, ec2, ecs},
    facts::{self, Facts, Missing, Trace},
    signature::{self, Reading},
    target::Target,
};

/// How many of a service's stopped tasks are looked at to find the newest failed one.
const STOPPED_TASKS: usize = 500;
/// How many tasks one call describes.
const TASKS_A_CALL: usize = 100;
/// How many of a service's newest events are read.
const EVENTS: usize = 20;

/// A value that is worked out once, with what it was worked out from.
type Memo<T> = OnceCell<(Result<T, Missing>, Trace)>;

/// A target with everything that its checks share.
///
/// Every method that needs facts returns [`Missing`] while they are not there.
pub struct Case<'a> {
    facts: &'a Facts,
    target: &'a Target,
    trace: RefCell<Trace>,
    arn: OnceCell<Arn>,
    gaps: BTreeSet<Missing>,
    task: Memo<Option<Arc<ecs::Task>>>,
    service: Memo<Option<Arc<ecs::Service>>>,
    definition: Memo<Arc<ecs::TaskDefinition>>,
    symptom: Memo<Option<Arc<Symptom>>>,
    network: Memo<Arc<Network>>,
}

/// What the target says about its failure.
#[derive(Clone, Debug)]
pub struct Symptom {
    /// What the decisive text says.
    pub reading: Reading,
    /// The decisive text.
    pub text: String,
    /// Where the text stands.
    pub place: signature::Place,
    /// The task's stop code.
    pub stop_code: Option<String>,
}

/// Where a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LaunchType {
    /// AWS Fargate.
    Fargate,
    /// EC2 instances of the account.
    Ec2,
    /// Servers outside AWS.
    External,
    /// EC2 instances that ECS manages.
    ManagedInstances,
}

/// Where the network configuration was recovered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkSource {
    /// The service's deployment or task set that started the task.
    Deployment,
    /// The task's network interface, which still exists.
    Eni,
    /// CloudTrail's record of the call that started the task.
    Cloudtrail,
    /// The caller.
    Given,
    /// Nowhere.
    None,
}

/// The network configuration that a task was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Where it was recovered from.
    pub source: NetworkSource,
    /// The subnets it could go to; the one it went to where no more is known.
    pub subnets: Vec<String>,
    /// Its security groups; empty where they are not known or the VPC's default group applies.
    pub security_groups: Vec<String>,
    /// Whether its interface gets a public IPv4 address.
    pub assign_public_ip: Option<bool>,
}

impl<'a> Case<'a> {
    /// The case of a target on these facts.
    pub fn new(facts: &'a Facts, target: &'a Target) -> Self {
        Self {
            facts,
            target,
            trace: RefCell::default(),
            arn: OnceCell::new(),
            gaps: BTreeSet::new(),
            task: OnceCell::new(),
            service: OnceCell::new(),
            definition: OnceCell::new(),
            symptom: OnceCell::new(),
            network: OnceCell::new(),
        }
    }

    /// What is diagnosed.
    pub fn target(&self) -> &'a Target {
        self.target
    }

    /// The answer to `request` in the target's region; `None` if the service said that there is
    /// no such thing.
    pub fn get<R: Request>(&self, request: &R) -> Result<Option<Arc<R::Response>>, Missing> {
        self.get_in(self.region(), request)
    }

    /// The answer to `request` in `region`.
    pub fn get_in<R: Request>(
        &self,
        region: Option<&str>,
        request: &R,
    ) -> Result<Option<Arc<R::Response>>, Missing> {
        let fact = self.facts.fact(region, request)?;
        let mut trace = self.trace.borrow_mut();
        trace.reads.insert(fact.index);
        trace.assumptions.extend(fact.assumption);
        Ok(fact.value)
    }

    /// The query that [`Case::get`] asks.
    pub fn query<R: Request>(&self, request: &R) -> Query {
        request.query().in_region(self.region())
    }

    /// The query that [`Case::get_in`] asks.
    pub fn query_in<R: Request>(&self, region: Option<&str>, request: &R) -> Query {
        request.query().in_region(region)
    }

    /// The partition of the target's ARN; `aws` where it is not known.
    pub fn partition(&self) -> &str {
        self.arn().map_or("aws", |arn| &arn.partition)
    }

    /// What many targets share, worked out once a run: the value of `derive`, kept under its type
    /// and `key` if nothing was missing.
    pub fn derived<T: Send + Sync + 'static>(
        &self,
        key: &str,
        derive: impl FnOnce() -> Result<T, Missing>,
    ) -> Result<Arc<T>, Missing> {
        let (value, trace) = self.facts.derived(key, || self.traced(derive))?;
        self.trace.borrow_mut().extend(&trace);
        Ok(value)
    }

    /// What `work` gives, and what it read to give it.
    pub(crate) fn traced<T>(&self, work: impl FnOnce() -> T) -> (T, Trace) {
        let before = self.trace.take();
        let value = work();
        (value, self.trace.replace(before))
    }

    /// Works a value out when it is first asked for; who asks later has read the same.
    fn memo<T: Clone>(
        &self,
        memo: &Memo<T>,
        find: impl FnOnce() -> Result<T, Missing>,
    ) -> Result<T, Missing> {
        let (value, trace) = memo.get_or_init(|| self.traced(find));
        self.trace.borrow_mut().extend(trace);
        value.clone()
    }

    /// Notes what an answer rests on, for the report.
    pub fn assume(&self, assumption: impl Into<Arc<str>>) {
        self.trace.borrow_mut().assumptions.insert(assumption.into());
    }

    /// What was missing for the checks that ran before.
    pub(crate) fn gaps(&self) -> BTreeSet<Missing> {
        self.gaps.clone()
    }

    pub(crate) fn note_gaps(&mut self, gaps: BTreeSet<Missing>) {
        self.gaps = gaps;
    }

    /// What was read so far rests on this.
    pub(crate) fn assumptions(&self) -> Vec<Arc<str>> {
        self.trace.borrow().assumptions.iter().cloned().collect()
    }

    /// The moment that is "now": the source's, else the newest that the task tells of.
    pub fn now(&self) -> Option<Timestamp> {
        self.facts.now().or_else(|| Some(self.task().ok()??.newest_time()?.0))
    }

    /// The ARN of the target: the task's or the service's, as far as it is known.
    pub fn arn(&self) -> Option<&Arn> {
        if self.arn.get().is_none() {
            let arn = self.target.arn().or_else(|| match self.target {
                Target::Task { .. } => self.task().ok()??.task_arn.parse().ok(),
                Target::Service { .. } => self.service().ok()??.service_arn.parse().ok(),
                Target::Event(_) => None,
            })?;
            return Some(self.arn.get_or_init(|| arn));
        }
        self.arn.get()
    }

    /// The target's region, where it is known.
    pub fn region(&self) -> Option<&str> {
        self.arn().map(|arn| arn.region.as_str())
    }

    /// The target's account, where it is known.
    pub fn account(&self) -> Option<&str> {
        self.arn().map(|arn| arn.account.as_str())
    }

    /// The cluster, by name.
    pub fn cluster(&self) -> Option<String> {
        let from_task = || self.task().ok()??.cluster_arn.clone();
        let cluster = self.target.cluster().or_else(from_task)?;
        Some(cluster.rsplit('/').next().unwrap_or(&cluster).to_owned())
    }

    /// The task: the one asked for, or the newest failed one of the service. `None` if there is
    /// no such task, and for a service whose newest event says that no task could be created.
    pub fn task(&self) -> Result<Option<Arc<ecs::Task>>, Missing> {
        self.memo(&self.task, || self.find_task())
    }

    fn find_task(&self) -> Result<Option<Arc<ecs::Task>>, Missing> {
        let cluster = self.target.cluster();
        match self.target {
            Target::Task { task, .. } => {
                let request = ecs::DescribeTasks::new(cluster.as_deref(), [task.clone()]);
                let region = self.target.arn().map(|arn| arn.region);
                let answer = self.get_in(region.as_deref(), &request)?;
                Ok(answer.and_then(|answer| answer.tasks.first().cloned()))
            }
            Target::Service { .. } => {
                let Some(service) = self.service()? else { return Ok(None) };
                if never_placed(&service) {
                    return Ok(None);
                }
                Ok(self
                    .stopped_tasks(&service.service_name)?
                    .into_iter()
                    .filter(|task| failed(task))
                    .max_by(newer))
            }
            Target::Event(_) => {
                let detail = self.target.detail().cloned().unwrap_or_default();
                match serde_json::from_value(detail) {
                    Ok(task) => Ok(Some(Arc::new(task))),
                    Err(error) => Err(Missing::undecided(
                        Query::new("ecs", "DescribeTasks", &json!({})),
                        format!("event cannot be read: {error}"),
                    )),
                }
            }
        }
    }

    /// The stopped tasks of a service of the target's cluster that ECS still tells of.
    pub fn stopped_tasks(&self, service: &str) -> Result<Vec<Arc<ecs::Task>>, Missing> {
        let cluster = self.target.cluster();
        let list = ecs::ListTasks {
            cluster: cluster.clone(),
            service_name: Some(service.to_owned()),
            desired_status: "STOPPED",
        };
        let Some(list) = self.get(&list)? else { return Ok(vec![]) };
        let mut arns = list.task_arns.clone();
        arns.sort_unstable();
        arns.truncate(STOPPED_TASKS);
        let mut tasks = Vec::new();
        let mut missing = None;
        for arns in arns.chunks(TASKS_A_CALL) {
            let request = ecs::DescribeTasks::new(cluster.as_deref(), arns.iter().cloned());
            match self.get(&request) {
                Ok(answer) => tasks.extend(answer.iter().flat_map(|answer| answer.tasks.clone())),
                Err(gap) => missing = Some(gap),
            }
        }
        missing.map_or(Ok(tasks), Err)
    }

    /// The service: the one asked for, or the task's. `None` for a task without one, and where
    /// there is no such service.
    pub fn service(&self) -> Result<Option<Arc<ecs::Service>>, Missing> {
        self.memo(&self.service, || self.find_service())
    }

    fn find_service(&self) -> Result<Option<Arc<ecs::Service>>, Missing> {
        let (cluster, name, region) = match self.target {
            Target::Service { service, .. } => {
                (self.target.cluster(), service.clone(), self.target.arn().map(|arn| arn.region))
            }
            Target::Task { .. } | Target::Event(_) => {
                let Some(task) = self.task()? else { return Ok(None) };
                let Some(name) = task.service_name() else { return Ok(None) };
                let cluster = self.target.cluster().or_else(|| task.cluster_arn.clone());
                (cluster, name.to_owned(), self.region().map(str::to_owned))
            }
        };
        let answer = self
            .get_in(region.as_deref(), &ecs::DescribeServices { cluster, services: vec![name] })?;
        Ok(answer.and_then(|answer| answer.services.first().cloned()))
    }

    /// Whether the target exists.
    pub fn exists(&self) -> Result<bool, Missing> {
        match self.target {
            Target::Service { .. } => Ok(self.service()?.is_some()),
            _ => Ok(self.task()?.is_some()),
        }
    }

    /// The deployment or task set that started the task; for a service without a failed task, its
    /// newest deployment.
    pub fn deployment(&self) -> Result<Option<ecs::Deployment>, Missing> {
        let Some(service) = self.service()? else { return Ok(None) };
        let started_by = match self.task()? {
            Some(task) => task.started_by.clone(),
            None => None,
        };
        let all = || service.deployments.iter().chain(&service.task_sets);
        Ok(match &started_by {
            Some(id) => all().find(|deployment| deployment.id.as_ref() == Some(id)),
            None => all().find(|deployment| deployment.status.as_deref() == Some("PRIMARY")),
        }
        .cloned())
    }

    /// The effective task definition: as registered, with the task's overrides.
    pub fn definition(&self) -> Result<Arc<ecs::TaskDefinition>, Missing> {
        self.memo(&self.definition, || self.find_definition())
    }

    /// The request for the registered task definition.
    pub fn definition_request(&self) -> Result<ecs::DescribeTaskDefinition, Missing> {
        let task = self.task()?;
        let arn = match &task {
            Some(task) => task.task_definition_arn.clone(),
            None => match self.deployment()? {
                Some(deployment) => deployment.task_definition,
                None => self.service()?.and_then(|service| service.task_definition.clone()),
            },
        };
        arn.map(|task_definition| ecs::DescribeTaskDefinition { task_definition }).ok_or_else(
            || {
                Missing::undecided(
                    Query::new("ecs", "DescribeTaskDefinition", &json!({})),
                    "nothing names the task definition",
                )
            },
        )
    }

    fn find_definition(&self) -> Result<Arc<ecs::TaskDefinition>, Missing> {
        let request = self.definition_request()?;
        let Some(answer) = self.get(&request)? else {
            return Err(Missing::undecided(
                self.query(&request),
                "the task definition was deleted",
            ));
        };
        let registered = Arc::clone(&answer.task_definition);
        Ok(match self.task()? {
            Some(task) if task.overrides != ecs::Overrides::default() => {
                Arc::new(overridden(&registered, &task.overrides))
            }
            _ => registered,
        })
    }

    /// Where the task runs.
    pub fn launch_type(&self) -> Result<LaunchType, Missing> {
        let known = |name: &str| match name {
            "FARGATE" | "FARGATE_SPOT" => Some(LaunchType::Fargate),
            "EC2" => Some(LaunchType::Ec2),
            "EXTERNAL" => Some(LaunchType::External),
            "MANAGED_INSTANCES" => Some(LaunchType::ManagedInstances),
            _ => None,
        };
        if let Some(task) = self.task()? {
            let said = task.launch_type.as_deref().and_then(known);
            let by_provider = || task.capacity_provider_name.as_deref().and_then(known);
            let by_platform = || task.platform_version.as_ref().map(|_| LaunchType::Fargate);
            let by_instance = || task.container_instance_arn.as_ref().map(|_| LaunchType::Ec2);
            if let Some(kind) = said.or_else(by_provider).or_else(by_platform).or_else(by_instance)
            {
                return Ok(kind);
            }
        } else if let Some(service) = self.service()? {
            let deployment = self.deployment()?.unwrap_or_default();
            let said = deployment.launch_type.as_ref().or(service.launch_type.as_ref());
            let strategy = if deployment.capacity_provider_strategy.is_empty() {
                &service.capacity_provider_strategy
            } else {
                &deployment.capacity_provider_strategy
            };
            let by_provider =
                || strategy.iter().find_map(|item| known(item.capacity_provider.as_deref()?));
            if let Some(kind) = said.and_then(|said| known(said)).or_else(by_provider) {
                return Ok(kind);
            }
        }
        match self.definition()?.requires_compatibilities.as_slice() {
            [one] => Ok(known(one).unwrap_or(LaunchType::Ec2)),
            _ => Ok(LaunchType::Ec2),
        }
    }

    /// What the target says about its failure; `None` where it says nothing.
    pub fn symptom(&self) -> Result<Option<Arc<Symptom>>, Missing> {
        self.memo(&self.symptom, || self.find_symptom())
    }

    fn find_symptom(&self) -> Result<Option<Arc<Symptom>>, Missing> {
        let task = self.task()?;
        let stop = match &task {
            Some(task) => {
                // Which containers are essential only refines the reading of exit codes.
                let definition = facts::at_hand(self.definition().map(Some))?;
                stop_of(task, definition.as_deref())
            }
            None => signature::Stop::default(),
        };
        let service = if task.is_none() { self.service()? } else { None };
        Ok(symptom_of(stop, service.as_deref()))
    }

    /// The symptom for the report: where it is not known whether a task of the service failed,
    /// what the service's events say.
    pub(crate) fn told(&self) -> Option<Arc<Symptom>> {
        self.symptom().unwrap_or_else(|_| {
            let service = self.service().ok().flatten()?;
            let events_only = matches!(self.target, Target::Service { .. });
            events_only.then(|| symptom_of(signature::Stop::default(), Some(&service))).flatten()
        })
    }

    /// The id of a detail of the task's network interface, for instance `subnetId`.
    pub fn interface_detail(&self, name: &str) -> Result<Option<String>, Missing> {
        Ok(self.task()?.and_then(|task| {
            let interface = task.attachments.iter().find(|attachment| {
                matches!(attachment.kind.as_deref(), Some("ElasticNetworkInterface" | "eni"))
            })?;
            interface.detail(name).map(str::to_owned)
        }))
    }

    /// The network configuration that the task was started with, and where it was recovered from.
    ///
    /// A stopped task's interface is gone, and with it security groups and public address; the
    /// deployment that started the task still has them.
    pub fn network(&self) -> Result<Arc<Network>, Missing> {
        self.memo(&self.network, || self.find_network().map(Arc::new))
    }

    fn find_network(&self) -> Result<Network, Missing> {
        let given = |source, configuration: ecs::AwsvpcConfiguration| Network {
            source,
            subnets: sorted(configuration.subnets),
            security_groups: sorted(configuration.security_groups),
            assign_public_ip: Some(configuration.assign_public_ip.as_deref() == Some("ENABLED")),
        };
        if let Some(configuration) = self
            .deployment()?
            .and_then(|deployment| deployment.network_configuration)
            .and_then(|network| network.awsvpc_configuration)
        {
            return Ok(given(NetworkSource::Deployment, configuration));
        }
        let subnet = self.interface_detail("subnetId")?;
        if let Some(id) = self.interface_detail("networkInterfaceId")? {
            let request = ec2::DescribeNetworkInterfaces { network_interface_ids: vec![id] };
            if let Some(interface) =
                self.get(&request)?.and_then(|answer| answer.network_interfaces.first().cloned())
            {
                let groups = interface.groups.into_iter().filter_map(|group| group.group_id);
                return Ok(Network {
                    source: NetworkSource::Eni,
                    subnets: interface.subnet_id.or(subnet).into_iter().collect(),
                    security_groups: sorted(groups.collect()),
                    assign_public_ip: Some(interface.association.is_some()),
                });
            }
        }
        if subnet.is_some()
            && let Some(lookup) = self.run_task_lookup()?
            && let Some(record) = facts::at_hand(self.get(&lookup))?
            && let Some(task) = self.task()?
            && let Some(configuration) =
                record.events.iter().find_map(|event| event.network_of(&task.task_arn))
        {
            return Ok(given(NetworkSource::Cloudtrail, configuration));
        }
        Ok(Network {
            source: NetworkSource::None,
            subnets: subnet.into_iter().collect(),
            security_groups: vec![],
            assign_public_ip: None,
        })
    }

    /// The look-up of the call that started the task; `None` where a service started it, whose
    /// calls may be much older than the task.
    pub(crate) fn run_task_lookup(&self) -> Result<Option<cloudtrail::LookupEvents>, Missing> {
        Ok(self
            .task()?
            .filter(|task| task.service_name().is_none())
            .and_then(|task| task.created_at)
            .map(cloudtrail::LookupEvents::run_task_around))
    }

    /// Whether `phase` provably succeeded, so that nothing in it can be the cause of the failure.
    pub fn proven(&self, phase: Phase) -> Result<bool, Missing> {
        let Some(task) = self.task()? else { return Ok(false) };
        if task.started_at.is_some() {
            return Ok(phase <= Phase::Start);
        }
        let launch_type = self.launch_type()?;
        let stage = |phase| stage(launch_type, phase);
        let symptom = self.symptom()?;
        let reached = symptom
            .as_ref()
            .filter(|symptom| !symptom.reading.benign)
            .and_then(|symptom| symptom.reading.phase)
            .map_or(0, stage);
        let timeline = if task.pull_started_at.is_some() {
            stage(Phase::Pull)
        } else if task.connectivity_at.is_some() {
            stage(Phase::Eni) + 1
        } else {
            0
        };
        Ok(stage(phase) < reached.max(timeline))
    }
}

/// The stage that a phase belongs to. Phases of one stage run side by side or in an order that is
/// not documented: that one failed proves nothing about another.
fn stage(launch_type: LaunchType, phase: Phase) -> u8 {
    let fargate = launch_type == LaunchType::Fargate;
    match phase {
        Phase::Place => 0,
        Phase::Eni => 1,
        // Fargate prepares everything before it pulls; the agent on an instance pulls meanwhile,
        // and the Docker daemon opens the log driver only when it starts the container.
        Phase::LogDriver if !fargate => 5,
        Phase::Auth | Phase::Secrets | Phase::EnvFile | Phase::LogDriver | Phase::Volume => 2,
        Phase::Pull if !fargate => 2,
        Phase::Pull => 3,
        Phase::Create => 4,
        Phase::Start => 5,
        Phase::Run => 6,
        Phase::Health => 7,
        Phase::Stop => 8,
    }
}

/// Whether a task stopped otherwise than it should.
pub(crate) fn failed(task: &ecs::Task) -> bool {
    task.is_stopped()
        && signature::read_stop(&stop_of(task, None)).is_none_or(|read| !read.reading.benign)
}

/// Whether the service's newest telling event says that a task could not even be created; its older
/// stopped tasks are then another story.
fn never_placed(service: &ecs::Service) -> bool {
    for message in service.events.iter().take(EVENTS).filter_map(|event| event.message.as_deref()) {
        if message.contains("has started") {
            return false;
        }
        let reading = signature::read(message);
        if reading.signature.is_some() {
            return reading.phase == Some(Phase::Place) && !reading.benign;
        }
    }
    false
}

/// What a stop, or else the newest events of a service, say.
fn symptom_of(stop: signature::Stop<'_>, service: Option<&ecs::Service>) -> Option<Arc<Symptom>> {
    let service_events = service.into_iter().flat_map(|service| {
        service.events.iter().take(EVENTS).filter_map(|event| event.message.as_deref())
    });
    let stop = signature::Stop { service_events: service_events.collect(), ..stop };
    let read = signature::read_stop(&stop)?;
    Some(Arc::new(Symptom {
        reading: read.reading,
        text: read.text,
        place: read.place,
        stop_code: stop.stop_code.map(str::to_owned),
    }))
}

/// Older before newer; equal times by ARN, so that the order is total.
fn newer(a: &Arc<ecs::Task>, b: &Arc<ecs::Task>) -> std::cmp::Ordering {
    (a.stopped_at.or(a.created_at), &a.task_arn).cmp(&(b.stopped_at.or(b.created_at), &b.task_arn))
}

/// What a task says about its stop.
pub(crate) fn stop_of<'t>(
    task: &'t ecs::Task,
    definition: Option<&ecs::TaskDefinition>,
) -> signature::Stop<'t> {
    let essential = |name: &str| {
        let container =
            definition?.container_definitions.iter().find(|container| container.name == name)?;
        Some(container.essential.unwrap_or(true))
    };
    signature::Stop {
        stop_code: task.stop_code.as_deref(),
        stopped_reason: task.stopped_reason.as_deref(),
        containers: task
            .containers
            .iter()
            .map(|container| {
                let name = container.name.as_deref().unwrap_or("");
                signature::ContainerStop {
                    name,
                    essential: essential(name),
                    reason: container.reason.as_deref(),
                    exit_code: container.exit_code,
                    managed_agents: container
                        .managed_agents
                        .iter()
                        .map(|agent| signature::ManagedAgentStop {
                            name: agent.name.as_deref().unwrap_or(""),
                            last_status: agent.last_status.as_deref(),
                            reason: agent.reason.as_deref(),
                        })
                        .collect(),
                }
            })
            .collect(),
        attachments: task
            .attachments
            .iter()
            .map(|attachment| signature::AttachmentStop {
                kind: attachment.kind.as_deref().unwrap_or(""),
                status: attachment.status.as_deref(),
                reason: attachment.detail("statusReason"),
            })
            .collect(),
        service_events: vec![],
        started: task.started_at.is_some(),
        last_status: task.last_status.as_deref(),
    }
}

/// A task definition with a task's overrides.
///
/// Variables are added to those of the definition or replace them by name; a list of environment
/// files replaces the definition's list.
fn overridden(definition: &ecs::TaskDefinition, overrides: &ecs::Overrides) -> ecs::TaskDefinition {
    let mut effective = definition.clone();
    let set = |slot: &mut Option<String>, value: &Option<String>| {
        if value.as_ref().is_some_and(|value| !value.is_empty()) {
            slot.clone_from(value);
        }
    };
    set(&mut effective.task_role_arn, &overrides.task_role_arn);
    set(&mut effective.execution_role_arn, &overrides.execution_role_arn);
    effective.cpu = overrides.cpu.clone().or(effective.cpu);
    effective.memory = overrides.memory.clone().or(effective.memory);
    effective.ephemeral_storage =
        overrides.ephemeral_storage.clone().or(effective.ephemeral_storage);
    for change in &overrides.container_overrides {
        let Some(container) = effective
            .container_definitions
            .iter_mut()
            .find(|container| Some(&container.name) == change.name.as_ref())
        else {
            continue;
        };
        container.command = change.command.clone().or(container.command.take());
        container.cpu = change.cpu.or(container.cpu);
        container.memory = change.memory.or(container.memory);
        container.memory_reservation = change.memory_reservation.or(container.memory_reservation);
        if let Some(files) = &change.environment_files {
            container.environment_files.clone_from(files);
        }
        for variable in &change.environment {
            container.environment.retain(|present| present.name != variable.name);
            container.environment.push(variable.clone());
        }
    }
    effective
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort_unstable();
    items.dedup();
    items
}
