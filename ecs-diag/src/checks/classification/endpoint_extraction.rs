use std::net::IpAddr;

use super::{about, failure};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::Finding,
};

check! {
    /// Which endpoint did not answer, and which hops that puts under suspicion
    ///
    /// # What it looks at
    /// Host, address and DNS resolver that the failure message names, where nothing answered. The
    /// text only suggests; checks of routes, groups and endpoints decide.
    ///
    /// # Why it matters
    /// The address tells how DNS answered. A private one for a name of AWS comes from an interface
    /// endpoint: its security group, its state and the network ACLs count, NAT and internet gateway
    /// do not. A public one means that no endpoint's private DNS is in play: route, NAT, internet
    /// gateway and public address count. Layers of images in Amazon ECR come from Amazon S3, over
    /// another path than their manifests.
    ///
    /// # How to fix it
    /// Fix what the checks of the hops named here find.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>
    EndpointExtraction {
        id: "cls-endpoint-extraction",
        domain: "classification",
        phase: Auth,
        causes: [],
        explains: [],
    }
}

impl Check for EndpointExtraction {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        let said = |name| symptom.reading.parameters.get(name).map(String::as_str);
        // Whatever answered was reached.
        if said("answered") == Some("true") {
            return Ok(());
        }
        let network =
            symptom.reading.causes.first().is_some_and(|cause| cause.as_str().starts_with("net."));
        if !network && said("answered").is_none() {
            return Ok(());
        }
        let ip = said("ip").and_then(|ip| ip.parse::<IpAddr>().ok());
        let host = said("host").filter(|host| host.parse::<IpAddr>().is_err());
        let port = said("port").map_or(String::new(), |port| format!(":{port}"));
        let address = ip.map(|ip| match ip {
            IpAddr::V6(ip) if !port.is_empty() => format!("[{ip}]{port}"),
            ip => format!("{ip}{port}"),
        });
        let what = match (host, address) {
            (Some(host), Some(address)) => format!("`{host}` at `{address}`"),
            (Some(host), None) => format!("`{host}{port}`"),
            (None, Some(address)) => format!("`{address}`"),
            (None, None) => return Ok(()),
        };
        let of_aws = host.is_none_or(is_of_aws);
        let layers = said("service") == Some("s3-layer");
        let mut suspects = Vec::new();
        match (said("resolver"), ip) {
            (Some(resolver), _) => suspects.push(format!(
                "the name was not resolved by `{resolver}`: suspect DNS support of the VPC, its \
                 DHCP options, and port 53 in groups and ACLs if that is not Amazon's resolver"
            )),
            (None, Some(ip)) if is_private(ip) && !of_aws => suspects.push(
                "the address is private: suspect the route to that network, the egress of the \
                 task's security groups, network ACLs and whatever stands before the host"
                    .to_owned(),
            ),
            (None, Some(ip)) if is_private(ip) => suspects.push(
                "the address is private, so DNS gave out an interface endpoint's: suspect egress of \
                 the task's security groups, ingress of the endpoint's on 443, network ACLs and the \
                 endpoint's state; NAT and internet gateway are not on that path"
                    .to_owned(),
            ),
            (None, Some(IpAddr::V6(_))) => suspects.push(
                "the address is IPv6: suspect the route for `::/0`, and IPv6 rules in security \
                 groups and network ACLs"
                    .to_owned(),
            ),
            (None, Some(IpAddr::V4(_))) if layers => {}
            (None, Some(IpAddr::V4(_))) => {
                let dns = if of_aws { ", so no interface endpoint's private DNS answered" } else { "" };
                suspects.push(format!(
                    "the address is public{dns}: suspect the subnet's default route, NAT or \
                     internet gateway, the public address, egress on that port"
                ));
            }
            (None, None) => suspects.push(
                "the message names no address: name resolution, route, security groups and network \
                 ACLs are all under suspicion"
                    .to_owned(),
            ),
        }
        if layers {
            suspects.push(
                "layers of images in Amazon ECR come from Amazon S3: suspect the gateway endpoint in \
                 the subnet's route table, its policy, and egress to the S3 prefix list"
                    .to_owned(),
            );
        }
        if let (Some(there), Some(here)) = (said("region"), cx.region())
            && there != here
        {
            suspects.push(format!(
                "it is in Region `{there}`, the task in `{here}`: endpoints of the task's VPC do not \
                 serve it unless they are made for that Region"
            ));
        }
        let phase = symptom.reading.phase;
        let finding = Finding::info(format!("{what} did not answer")).detail(suspects.join("; "));
        let finding = about(cx, &symptom, finding)?;
        cx.report(match phase {
            Some(phase) => finding.phase(phase),
            None => finding,
        });
        Ok(())
    }
}

/// Whether a host is one of AWS's.
fn is_of_aws(host: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws"]
        .iter()
        .any(|suffix| host.ends_with(suffix))
}

/// Whether an address is given out only inside private networks.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        // 100.64.0.0/10 can be a secondary range of a VPC.
        IpAddr::V4(ip) => ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::by_user;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const HEAD: &str = "ResourceInitializationError: unable to pull secrets or registry auth: The \
        task cannot pull registry auth from Amazon ECR: There is a connection issue between the task \
        and Amazon ECR. Check your task network configuration. RequestError: send request failed \
        caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp ";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(&format!("{HEAD}10.0.9.7:443: i/o timeout"));
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            by_user(world.stopped(&format!("{HEAD}10.0.9.7:443: i/o timeout")));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-endpoint-extraction"), @r"
        info: `api.ecr.eu-west-1.amazonaws.com` at `10.0.9.7:443` did not answer
          the address is private, so DNS gave out an interface endpoint's: suspect egress of the task's security groups, ingress of the endpoint's on 443, network ACLs and the endpoint's state; NAT and internet gateway are not on that path
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
        ");
    }

    fn detail(text: &str) -> String {
        let mut world = World::default();
        let outcome = world.stopped(text).outcome("cls-endpoint-extraction");
        assert_eq!(outcome.status, Status::Passed);
        outcome.findings.first().map_or(String::new(), |finding| finding.detail.clone())
    }

    #[test]
    fn the_address_tells_the_path() {
        assert!(detail(&format!("{HEAD}52.94.5.1:443: i/o timeout")).contains("is public"));
        assert!(detail(&format!("{HEAD}100.64.3.4:443: i/o timeout")).contains("is private"));
        assert!(detail(&format!("{HEAD}[2a05:d018::1]:443: i/o timeout")).contains("is IPv6"));
        let lookup = "lookup api.ecr.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host";
        assert!(detail(&format!("{HEAD}{lookup}")).contains("not resolved by `10.0.0.2`"));
        let elsewhere = HEAD.replace("eu-west-1", "us-east-1");
        assert!(detail(&format!("{elsewhere}52.94.5.1:443: i/o timeout")).contains("`us-east-1`"));
        let layer = "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: \
            httpReadSeeker: failed open: failed to do request: Get \
            https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/a/b: dial tcp \
            52.218.1.2:443: i/o timeout";
        assert!(detail(layer).contains("come from Amazon S3"));
    }

    #[test]
    fn a_private_registry_has_no_endpoint_of_aws() {
        let text = "CannotPullContainerError: Error response from daemon: Get \
            https://registry.example.com/v2/: dial tcp 10.4.0.9:443: i/o timeout";
        let detail = detail(text);
        assert!(detail.contains("is private") && !detail.contains("endpoint"), "{detail}");
    }

    #[test]
    fn what_answered_is_not_suspected() {
        let denied = "ResourceInitializationError: unable to pull secrets or registry auth: \
            AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/r/s is not \
            authorized to perform: ecr:GetAuthorizationToken on resource: * because no \
            identity-based policy allows the ecr:GetAuthorizationToken action";
        assert_eq!(detail(denied), "");
    }
}
