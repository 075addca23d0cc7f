use super::down;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{quoted, region_option},
};

check! {
    /// Instances whose agent is not there can read their metadata
    ///
    /// # What it looks at
    /// `MetadataOptions.HttpEndpoint` of instances that could take the task and whose agent is
    /// disconnected, or that run in the Auto Scaling group and never registered.
    ///
    /// # Why it matters
    /// Without the instance metadata service the agent finds neither its Region nor the credentials of
    /// its instance profile, and cannot register or connect.
    ///
    /// # How to fix it
    /// Switch the endpoint on, for the instance and in its launch template.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html>
    Imds {
        id: "ci-imds",
        domain: "container-instance",
        phase: Place,
        causes: [AgentCannotRegister],
        explains: [],
    }
}

impl Check for Imds {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let ids = match down::ids(cx)? {
            Ok(ids) => ids,
            Err(why) => return cx.not_applicable(why),
        };
        let answer = down::described(cx, &ids)?;
        let query = cx.query(&down::request(&ids));
        let mut off = Vec::new();
        cx.each(&ids, |_, id| {
            let told = answer
                .instance(id)
                .and_then(|instance| instance.metadata_options.as_ref()?.http_endpoint.as_deref());
            match told {
                Some("disabled") => off.push(id.as_str()),
                Some(_) => {}
                None => {
                    return Err(Missing::undecided(
                        query.clone(),
                        format!("the answer does not tell the metadata options of `{id}`"),
                    ));
                }
            }
            Ok(())
        });
        let Some(first) = off.first().copied() else { return Ok(()) };
        let pointer = "/Instances/0/MetadataOptions/HttpEndpoint";
        let mut remedy = Remedy::new("switch the endpoint on, also in the launch template");
        for id in &off {
            remedy = remedy.command(format!(
                "aws ec2 modify-instance-metadata-options --instance-id {} --http-endpoint \
                 enabled{}",
                quoted(id),
                region_option(cx.region())
            ));
        }
        // A reservation has no id in common with what is asked; only a single one is edited.
        if let Some(reservation) = answer.reservations.iter().find(|reservation| {
            reservation.instances.len() == 1 && reservation.instances[0].instance_id == first
        }) && off.len() == 1
            && let Some(id) = &reservation.reservation_id
        {
            remedy = remedy.edit(Edit::Set(
                Object::new("Reservations", "ReservationId", id.clone()),
                pointer.to_owned(),
                "enabled".into(),
            ));
        }
        cx.report(
            Finding::likely(format!(
                "the instance metadata service is switched off on {}",
                instances::listed(off.iter().copied())
            ))
            .detail("the agent gets no credentials and does not find out its Region")
            .resource(Resource::new("AWS::EC2::Instance", first))
            .evidence(Evidence::new(query, pointer, "disabled").object(first))
            .remedy(remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{FIRST_EC2, one, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-imds";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| with_endpoint(world, json!("disabled")),
        passes: |world| with_endpoint(world, json!("enabled")),
        unknown: |world| with_endpoint(world, Value::Null),
        near_miss: |world| with_endpoint(world, json!("enabled")),
    };

    #[allow(clippy::needless_pass_by_value)]
    fn with_endpoint(world: &mut World, endpoint: Value) {
        one(unplaced(world, MESSAGE), 0, "/agentConnected", json!(false));
        world.output(
            "Reservations",
            json!({"Reservations": [{"ReservationId": "r-1", "OwnerId": "111122223333", "Instances": [{
                "InstanceId": FIRST_EC2, "InstanceType": "m5.large",
                "Placement": {"AvailabilityZone": "eu-west-1a"},
                "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": endpoint},
            }]}]}),
        );
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the instance metadata service is switched off on `i-0a000000000000001`
          the agent gets no credentials and does not find out its Region
          @ AWS::EC2::Instance i-0a000000000000001
          fix (verified): switch the endpoint on, also in the launch template
          $ aws ec2 modify-instance-metadata-options --instance-id i-0a000000000000001 --http-endpoint enabled --region eu-west-1
        ");
    }

    #[test]
    fn switching_it_on_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn where_all_agents_are_there_nobody_asks() {
        let mut world = EXAMPLES.failing();
        one(&mut world, 0, "/agentConnected", json!(true));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
