//! The table of failure texts. Data only: a row a template, in files by the stage they speak of.

mod agent;
mod container;
mod host;
mod init;
mod placement;
mod pull;
mod service;
mod stops;

use std::sync::LazyLock;

use super::Cause as C;
use crate::Phase;

/// Where a template is known from.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// AWS's documentation or API model.
    Documentation,
    /// The source of the open ECS container agent.
    AgentSource,
    /// Texts that people posted; their tails vary.
    Field,
    /// General knowledge of Docker, containerd, registries and the SDKs.
    General,
}

/// One failure text that ECS or something under it writes.
#[derive(Copy, Clone, Debug)]
pub struct Signature {
    /// The id, for instance `RIE-ECR-NET`.
    pub id: &'static str,
    /// The text in short, variable parts in angle brackets.
    pub template: &'static str,
    /// A whole text of this kind.
    pub example: &'static str,
    /// The phase that such a text speaks of, where it speaks of one.
    pub phase: Option<Phase>,
    /// What produces it, most likely first. A [`Reading`](super::Reading) of a concrete text can
    /// rank them better than this.
    pub causes: &'static [C],
    /// Whether it reports something expected rather than a failure.
    pub benign: bool,
    /// Where it is known from.
    pub source: Source,
    pub(super) forms: &'static [Form],
}

/// One way to recognise a signature: pieces of lower-case text.
#[derive(Copy, Clone, Debug)]
pub(super) struct Form {
    pub(super) rank: u8,
    /// Of every group at least one piece occurs.
    pub(super) all: &'static [&'static [&'static str]],
    /// No piece of any group occurs.
    pub(super) none: &'static [&'static [&'static str]],
    /// Instead of pieces: the whole text is one of these words.
    pub(super) exact: &'static [&'static str],
    pub(super) causes: Option<&'static [C]>,
    pub(super) phase: Option<Phase>,
}

/// How specific a form is; the most specific one that fits is the answer.
pub(super) mod rank {
    /// A status or stop code.
    pub(in super::super) const STATUS: u8 = 5;
    /// A category word, nothing else.
    pub(in super::super) const CATEGORY: u8 = 10;
    /// A sentence that only refers to other places.
    pub(in super::super) const WRAPPER: u8 = 15;
    /// Texts that nothing matches stand here: above wrappers, below everything that says more.
    pub(in super::super) const UNKNOWN: u8 = 18;
    /// The beginning of a text whose end is missing or unknown.
    pub(in super::super) const HEAD: u8 = 20;
    /// A sentence that says what could not be done.
    pub(in super::super) const SENTENCE: u8 = 30;
    /// A tail that says why.
    pub(in super::super) const TAIL: u8 = 40;
    /// Words that admit one reading only.
    pub(in super::super) const EXACT: u8 = 50;
    /// The frame decides, whatever it quotes.
    pub(in super::super) const FRAME: u8 = 60;
}

macro_rules! no_answer {
    ($($more:literal),*) => {
        &[
            "dial tcp",
            "dial udp",
            "i/o timeout",
            "tls handshake timeout",
            "connection timed out",
            "client.timeout exceeded",
            "request canceled",
            "requestcanceled",
            "requesterror: send request failed",
            "request send failed",
            "context deadline exceeded",
            "no such host",
            "server misbehaving",
            "connection refused",
            "connection reset by peer",
            "network is unreachable",
            "no route to host",
            "statuscode: 0,",
            "status code: 0,",
            $($more),*
        ]
    };
}

/// Nothing answered.
pub(super) const NO_ANSWER: &[&str] = no_answer!();

/// Words that speak of the network without proving that nothing answered.
const NET: &[&str] = no_answer!(
    "signal: killed",
    "connection issue",
    "check your network configuration",
    "check your task network configuration",
    "x509:"
);

/// Something answered, so the network is not what failed.
pub(super) const ANSWERED: &[&str] = &[
    "accessdenied",
    "is not authorized to perform",
    "status code: 4",
    "statuscode: 4",
    "resourcenotfoundexception",
    "validationexception",
    "invalidrequestexception",
    "invalidparameterexception",
    "unrecognizedclientexception",
    "expiredtoken",
    "throttlingexception",
    "access to kms is not allowed",
    "decryptionfailure",
    "nosuchkey",
    "nosuchbucket",
    "403 forbidden",
    "401 unauthorized",
    "404 not found",
    "insufficient_scope",
    "unexpected status",
    "toomanyrequests",
    "requested access to the resource is denied",
    "unauthorized: ",
    "manifest unknown",
    "invalid ssm parameters",
    "did not contain json key",
];

/// An IAM refusal.
const DENIED: &[&str] = &[
    "accessdenied",
    "is not authorized to perform",
    "access to kms is not allowed",
    "unauthorizedoperation",
];

/// An HTTP 403, however it is written.
const FORBIDDEN: &[&str] =
    &["403 forbidden", ": 403", "statuscode: 403", "status code 403", "api error forbidden"];

/// A pull is what failed.
const PULLING: &[&str] = &[
    "cannotpull",
    "can't pull the image",
    "can't pull image",
    "pull image manifest",
    "failed to resolve ref",
    "inspect image has been retried",
    "ref pull has been retried",
    "pull command failed",
    "pull access denied",
    "error pulling image",
    "failed to copy",
    "/v2/",
];

const NET_API: &[C] = &[
    C::NetAwsApiUnreachable,
    C::NetEndpointMisconfigured,
    C::NetOneBadSubnet,
    C::NetNatBroken,
    C::NetAddressFamilyMismatch,
];
const NET_REGISTRY: &[C] = &[
    C::NetRegistryUnreachable,
    C::NetEndpointMisconfigured,
    C::NetOneBadSubnet,
    C::NetNatBroken,
    C::ImageWrongReference,
];
const NET_LAYER: &[C] = &[
    C::NetS3LayerUnreachable,
    C::NetRegistryUnreachable,
    C::NetEndpointMisconfigured,
    C::NetOneBadSubnet,
    C::NetNatBroken,
];
const DENIED_SECRET: &[C] =
    &[C::IamExecRoleMissingAction, C::IamKmsDecrypt, C::IamVpcEndpointPolicy];
const DENIED_MANIFEST: &[C] = &[
    C::IamExecRoleMissingAction,
    C::IamEcrRepositoryPolicy,
    C::ImageDigestExpired,
    C::IamVpcEndpointPolicy,
];
const NOT_FOUND: &[C] = &[C::ImageTagMissing, C::ImageWrongReference, C::ImageDigestExpired];

const fn row(
    id: &'static str,
    source: Source,
    phase: Option<Phase>,
    causes: &'static [C],
    template: &'static str,
    example: &'static str,
    forms: &'static [Form],
) -> Signature {
    Signature { id, template, example, phase, causes, benign: false, source, forms }
}

impl Signature {
    const fn benign(mut self) -> Self {
        self.benign = true;
        self
    }
}

const fn form(rank: u8, all: &'static [&'static [&'static str]]) -> Form {
    Form { rank, all, none: &[], exact: &[], causes: None, phase: None }
}

const fn exact(words: &'static [&'static str]) -> Form {
    Form { rank: rank::EXACT, all: &[], none: &[], exact: words, causes: None, phase: None }
}

impl Form {
    const fn without(mut self, none: &'static [&'static [&'static str]]) -> Self {
        self.none = none;
        self
    }

    const fn causes(mut self, causes: &'static [C]) -> Self {
        self.causes = Some(causes);
        self
    }

    const fn phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

/// All rows, by stage.
pub(super) static TABLE: LazyLock<Box<[Signature]>> = LazyLock::new(|| {
    [
        placement::ROWS,
        init::ROWS,
        pull::ROWS,
        container::ROWS,
        agent::ROWS,
        stops::ROWS,
        service::ROWS,
        host::ROWS,
    ]
    .concat()
    .into_boxed_slice()
});
