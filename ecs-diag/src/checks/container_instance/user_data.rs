//! User data of instances, as far as it sets the ECS agent up.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    aws::{
        ec2::DescribeInstanceAttribute,
        user_data::{self, REDACTED},
    },
    case::Case,
    checks::{capacity, instances},
    facts::Missing,
    finding::Evidence,
};

/// The instances of a group are launched alike: a few stand for all.
const READ: usize = 2;

/// What user data says of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It has this value.
    Is(String),
    /// It is not set.
    Nothing,
    /// There is no telling.
    Unclear,
}

/// User data of an instance.
#[derive(Clone, Debug)]
pub(super) struct UserData {
    text: String,
    /// Whether nothing was left out, and nothing can come from elsewhere.
    whole: bool,
}

/// The request for the user data of an instance.
pub(super) fn request(instance: &str) -> DescribeInstanceAttribute {
    DescribeInstanceAttribute { instance_id: instance.to_owned(), attribute: "userData" }
}

/// The user data of an instance; `None` if there is no such instance.
pub(super) fn read(case: &Case<'_>, instance: &str) -> Result<Option<UserData>, Missing> {
    let request = request(instance);
    let Some(answer) = case.get(&request)? else { return Ok(None) };
    let unclear = |why: &str| Missing::undecided(case.query(&request), why);
    let Some(attribute) = &answer.user_data else {
        return Err(unclear("the answer does not tell of user data"));
    };
    let Some(value) = &attribute.value else {
        return Ok(Some(UserData { text: String::new(), whole: true }));
    };
    UserData::decode(value).map(Some).ok_or_else(|| unclear("the user data cannot be decoded"))
}

/// Where user data is to be seen; its text is nobody's business.
pub(super) fn evidence(case: &Case<'_>, instance: &str, setting: String) -> Evidence {
    Evidence::new(case.query(&request(instance)), "/UserData/Value", setting).object(instance)
}

impl UserData {
    fn decode(value: &str) -> Option<Self> {
        let (bytes, true) = user_data::decode(value)? else { return None };
        let text = unfolded(&String::from_utf8_lossy(&bytes));
        let whole = user_data::is_whole(&text);
        Some(Self { text, whole })
    }

    /// What it says of a setting of the agent; the last word counts.
    pub(super) fn setting(&self, name: &str) -> Told {
        let mut told = if self.whole { Told::Nothing } else { Told::Unclear };
        for line in self.text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            for (at, _) in line.match_indices(name) {
                let before = line[..at].chars().next_back();
                if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    continue;
                }
                if let Some(rest) = line[at + name.len()..].strip_prefix('=') {
                    told = literal(rest);
                }
            }
        }
        told
    }

    /// Whether settings of the agent are all that was kept of it, without what was around them.
    pub(super) fn is_reduced(&self) -> bool {
        self.text.trim_start().starts_with(REDACTED)
    }

    /// The value of a setting as it comes to stand in the agent's configuration: a shell takes
    /// quotation marks away. `None` where it is not set or computed.
    pub(super) fn written(&self, name: &str) -> Option<String> {
        let mut written = None;
        for line in self.text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some(at) = line.find(&format!("{name}=")) else { continue };
            let rest = &line[at + name.len() + 1..];
            let (value, _) = rest.split_at(rest.find(']').map_or(rest.len(), |end| end + 1));
            let by_shell = ["echo", "printf"].iter().any(|word| line[..at].contains(word));
            written = if value.contains('$') {
                None
            } else if by_shell && !line[..at].ends_with('\'') {
                let kept = value.replace("\\\"", "\u{0}").replace(['"', '\''], "");
                Some(kept.replace('\u{0}', "\""))
            } else {
                Some(value.to_owned())
            };
        }
        written
    }

    /// The cluster that the agent is told to join.
    pub(super) fn cluster(&self) -> Told {
        match self.setting("ECS_CLUSTER") {
            told @ Told::Is(_) => told,
            told => self.otherwise().unwrap_or(told),
        }
    }

    /// The cluster as the cmdlet for Windows or the settings of Bottlerocket name it.
    fn otherwise(&self) -> Option<Told> {
        let mut in_ecs = false;
        let mut told = None;
        for line in self.text.lines().map(str::trim) {
            if line.starts_with('[') && line.ends_with(']') {
                in_ecs = line == "[settings.ecs]";
            } else if in_ecs
                && let Some((key, value)) = line.split_once('=')
                && key.trim() == "cluster"
            {
                told = Some(literal(value.trim()));
            } else if let Some((_, parameters)) = line.split_once("Initialize-ECSAgent")
                && let Some(at) = parameters.to_ascii_lowercase().find("-cluster")
            {
                let value = parameters[at + "-cluster".len()..].trim_start_matches([' ', ':']);
                told = Some(literal(value));
            }
        }
        told
    }
}

/// The value that `rest` begins with.
fn literal(rest: &str) -> Told {
    let value = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next(),
        // A list ends at its bracket.
        Some('[') => rest.split_inclusive(']').next(),
        _ => rest.split(|c: char| c.is_whitespace() || "\"';&|>".contains(c)).next(),
    };
    let value = value.unwrap_or_default();
    if value.contains(['$', '`']) || value.starts_with("{{") {
        Told::Unclear
    } else {
        Told::Is(value.to_owned())
    }
}

/// The text, with parts of a MIME message that are encoded decoded.
fn unfolded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut encoded, mut in_header) = (false, true);
    let mut body = String::new();
    let flush = |body: &mut String, out: &mut String| {
        if let Ok(bytes) = STANDARD.decode(&*body) {
            out.push_str(&String::from_utf8_lossy(&bytes));
            out.push('\n');
        }
        body.clear();
    };
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("--") {
            flush(&mut body, &mut out);
            (encoded, in_header) = (false, true);
        } else if in_header && trimmed.is_empty() {
            in_header = false;
        } else if in_header {
            encoded |= trimmed.eq_ignore_ascii_case("content-transfer-encoding: base64");
        } else if encoded {
            body.push_str(trimmed);
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    flush(&mut body, &mut out);
    out
}

/// The servers that should be in the cluster and are not: running instances of the Auto Scaling
/// groups behind the task's capacity providers; sorted. `None` where no group is known.
pub(super) fn not_registered(case: &Case<'_>) -> Result<Option<Vec<String>>, Missing> {
    let mut groups = Vec::new();
    for provider in capacity::providers(case)? {
        groups.extend(capacity::group(case, &provider)?);
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let registered = instances::registered(case)?;
    let mut ids: Vec<_> = groups
        .into_iter()
        .flat_map(|group| group.instances)
        .filter(|instance| instance.lifecycle_state.as_deref() == Some("InService"))
        .map(|instance| instance.instance_id)
        .filter(|id| registered.binary_search(id).is_err())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

/// The few of them whose user data is read.
pub(super) fn sample(ids: &[String]) -> &[String] {
    &ids[..ids.len().min(READ)]
}

/// Why checks of user data do not apply.
pub(super) const ALL_REGISTERED: &str =
    "no capacity provider of the task has running instances outside the cluster";

/// User data as AWS gives it.
#[cfg(test)]
pub(super) fn encoded(text: &str) -> String {
    STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> UserData {
        UserData::decode(&encoded(text)).unwrap()
    }

    fn is(text: &str) -> Told {
        Told::Is(text.to_owned())
    }

    #[test]
    fn the_cluster_is_found_in_every_form() {
        for text in [
            "#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config",
            "#!/bin/bash\necho \"ECS_CLUSTER=shop\" >> /etc/ecs/ecs.config",
            "#!/bin/bash\ncat <<'EOF' >> /etc/ecs/ecs.config\n# ECS_CLUSTER=x\nECS_CLUSTER=shop\nEOF",
            "<powershell>\nInitialize-ECSAgent -Cluster 'shop' -EnableTaskIAMRole\n</powershell>",
            "<powershell>\nInitialize-ECSAgent -Cluster shop\n</powershell>",
            "[settings.ecs]\ncluster = \"shop\"\n",
            "# [redacted]\nECS_CLUSTER=shop\n",
        ] {
            assert_eq!(data(text).cluster(), is("shop"), "{text}");
        }
        let part = encoded("#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n");
        let mime = format!(
            "Content-Type: multipart/mixed; boundary=\"==B==\"\nMIME-Version: 1.0\n\n--==B==\n\
             Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n{part}\n\
             --==B==--\n"
        );
        assert_eq!(data(&mime).cluster(), is("shop"));
    }

    #[test]
    fn what_is_not_there_is_known_only_of_whole_user_data() {
        assert_eq!(data("#!/bin/bash\nyum update -y\n").cluster(), Told::Nothing);
        assert_eq!(data("# [redacted]\nECS_LOGLEVEL=info\n").cluster(), Told::Unclear);
        assert_eq!(data("ECS_LOGLEVEL=info\n").cluster(), Told::Unclear);
        assert_eq!(data("#!/bin/bash\ncurl https://x | bash\n").cluster(), Told::Unclear);
        assert_eq!(data("#!/bin/bash\necho ECS_CLUSTER=$NAME\n").cluster(), Told::Unclear);
        assert!(UserData::decode("[redacted]").is_none());
    }

    #[test]
    fn settings_end_where_they_end() {
        let text = "#!/bin/bash\necho 'ECS_AVAILABLE_LOGGING_DRIVERS=[\"json-file\",\"awslogs\"]' >> x\n\
            echo MY_ECS_CLUSTER=no; echo ECS_CLUSTER=a; echo ECS_CLUSTER=b\n";
        let data = data(text);
        assert_eq!(
            data.setting("ECS_AVAILABLE_LOGGING_DRIVERS"),
            is("[\"json-file\",\"awslogs\"]")
        );
        assert_eq!(data.cluster(), is("b"));
    }
}
