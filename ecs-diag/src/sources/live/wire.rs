//! From what came over the wire to the JSON that the AWS CLI prints.
//!
//! The bodies of JSON services are that already. All others go through a table that is generated
//! from the models that the CLI itself uses (`tests/live/shapes.py`).

use std::{collections::HashMap, sync::LazyLock};

use roxmltree::{Document, Node};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{exchange::Response, input::Input};
use crate::{
    aws::percent_decoded,
    source::{Answer, ErrorKind, SourceError},
};

static TABLE: LazyLock<HashMap<String, Service>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("shapes.json")).unwrap_or_else(|error| panic!("{error}"))
});

#[derive(Deserialize)]
struct Service {
    protocol: Protocol,
    operations: HashMap<String, Output>,
    shapes: HashMap<String, Shape>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Protocol {
    Json,
    RestJson,
    RestXml,
    Query,
    Ec2,
}

/// How the answer to an operation looks.
#[derive(Deserialize)]
struct Output {
    /// Element around the answer.
    wrapper: Option<String>,
    /// Shape of the answer.
    shape: Option<String>,
    /// The member that is the whole body, and its shape.
    payload: Option<(String, String)>,
    /// Members that are headers: name, or prefix of names, and shape.
    #[serde(default)]
    headers: HashMap<String, (String, String)>,
    page: Option<Paging>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// Members, with their names on the wire and their shapes.
    Structure(HashMap<String, (String, String)>),
    List(String),
    /// A list whose elements stand in the parent, in XML.
    Flat(String),
    Map(String),
}

/// How an operation is paginated.
#[derive(Deserialize)]
pub(super) struct Paging {
    /// Members of the request that name a page.
    input: Vec<String>,
    /// Members of an answer that name the next page.
    output: Vec<String>,
    /// Member of an answer that says whether there is a next page.
    more: Option<String>,
    /// Members that the pages share out.
    lists: Vec<String>,
    /// Other members.
    keep: Vec<String>,
}

/// How the operation is paginated, if it is.
pub(super) fn paging(service: &str, operation: &str) -> Option<&'static Paging> {
    TABLE.get(service)?.operations.get(operation)?.page.as_ref()
}

impl Paging {
    /// Whether this member of the request names a page.
    pub(super) fn is_token(&self, member: &str) -> bool {
        self.input.iter().any(|token| token == member)
    }

    /// Moves what the CLI prints of a page to the end of `whole`.
    pub(super) fn add(&self, page: &mut Value, whole: &mut Input) {
        for name in &self.lists {
            match (whole.get_mut(name), page[name.as_str()].take()) {
                (_, Value::Null) => {}
                (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                (_, first) => _ = whole.insert(name.clone(), first),
            }
        }
        for name in &self.keep {
            let value = page[name.as_str()].take();
            if !value.is_null() && !whole.contains_key(name) {
                whole.insert(name.clone(), value);
            }
        }
    }

    /// The members of the request that ask for the page after this one.
    pub(super) fn next(&self, page: &Value) -> Option<Vec<(String, Value)>> {
        if self.more.as_ref().is_some_and(|more| page[more.as_str()] != true) {
            return None;
        }
        let tokens = self.input.iter().zip(&self.output).map(|(input, output)| {
            let token = page[output.as_str()].as_str().filter(|token| !token.is_empty());
            (input.clone(), token.map_or(Value::Null, Value::from))
        });
        let tokens: Vec<_> = tokens.collect();
        tokens.iter().any(|(_, token)| !token.is_null()).then_some(tokens)
    }
}

/// The answer as the CLI prints it, page by page.
pub(super) fn answer(service: &str, operation: &str, response: &Response) -> Answer {
    convert(service, operation, response).ok_or_else(|| {
        let status = response.status;
        SourceError::new(
            ErrorKind::Malformed,
            format!("the answer (HTTP status {status}) is not what {service}:{operation} gives"),
        )
    })
}

fn convert(service: &str, operation: &str, response: &Response) -> Option<Value> {
    let table = TABLE.get(service)?;
    let output = table.operations.get(operation)?;
    let body = std::str::from_utf8(response.body.as_deref()?).ok()?;
    if table.protocol == Protocol::Json {
        return serde_json::from_str(body).ok().filter(Value::is_object);
    }
    if !output.headers.is_empty() {
        // Every object has it: without it, somebody else answered.
        response.header("etag")?;
        return Some(output.headers(response).into());
    }
    if let Some((member, shape)) = &output.payload {
        let value = if shape == "string" {
            // A policy, which stays text.
            serde_json::from_str::<Map<String, Value>>(body).ok()?;
            body.into()
        } else {
            let document = Document::parse(body).ok()?;
            table.xml(shape, named(document.root_element(), member)?)
        };
        return Some(serde_json::json!({ member: value }));
    }
    let shape = output.shape.as_deref()?;
    if table.protocol == Protocol::RestJson {
        return Some(table.json(shape, serde_json::from_str(body).ok()?)).filter(Value::is_object);
    }
    let document = Document::parse(body).ok()?;
    let root = document.root_element();
    if let ("s3", "GetBucketLocation") = (service, operation) {
        return bucket_location(root);
    }
    let root = named(root, &format!("{operation}Response"))?;
    let root = output.wrapper.as_ref().map_or(Some(root), |wrapper| child(root, wrapper))?;
    Some(table.xml(shape, root))
}

/// The one value is the root element itself, empty for `us-east-1`.
fn bucket_location(root: Node<'_, '_>) -> Option<Value> {
    let region = named(root, "LocationConstraint")?.text().filter(|region| !region.is_empty());
    Some(serde_json::json!({"LocationConstraint": region}))
}

impl Service {
    /// What the element says, as far as the CLI would print it. Text that is not what the shape
    /// promises stays text: whoever reads that member judges it, and nobody else is hindered.
    fn xml(&self, shape: &str, node: Node<'_, '_>) -> Value {
        match self.shapes.get(shape) {
            None => scalar(shape, node.text().unwrap_or_default()),
            Some(Shape::Structure(members)) => {
                let value = |(name, (wire, shape)): (&String, &(String, String))| {
                    let value = match self.shapes.get(shape) {
                        Some(Shape::Flat(element)) => {
                            let nodes = elements(node).filter(|child| is_named(*child, wire));
                            let values: Vec<_> =
                                nodes.map(|node| self.xml(element, node)).collect();
                            (!values.is_empty()).then(|| values.into())
                        }
                        _ => child(node, wire).map(|node| self.xml(shape, node)),
                    };
                    Some((name.clone(), value?))
                };
                members.iter().filter_map(value).collect::<Map<_, _>>().into()
            }
            Some(Shape::List(element) | Shape::Flat(element)) => {
                elements(node).map(|node| self.xml(element, node)).collect()
            }
            Some(Shape::Map(shape)) => {
                let entry = |node| {
                    let key = child(node, "key")?.text().unwrap_or_default().to_owned();
                    Some((key, self.xml(shape, child(node, "value")?)))
                };
                elements(node).filter_map(entry).collect::<Map<_, _>>().into()
            }
        }
    }

    /// The value under the names that the CLI has for its members, without those that it does not
    /// know. A value of another shape stays as it is.
    fn json(&self, shape: &str, value: Value) -> Value {
        match (self.shapes.get(shape), value) {
            (Some(Shape::Structure(members)), Value::Object(mut object)) => {
                let value = |(name, (wire, shape)): (&String, &(String, String))| {
                    let value = object.remove(wire).filter(|value| !value.is_null())?;
                    Some((name.clone(), self.json(shape, value)))
                };
                members.iter().filter_map(value).collect::<Map<_, _>>().into()
            }
            (Some(Shape::List(element) | Shape::Flat(element)), Value::Array(values)) => {
                values.into_iter().map(|value| self.json(element, value)).collect()
            }
            (Some(Shape::Map(shape)), Value::Object(object)) => {
                let entries = object.into_iter().map(|(key, value)| (key, self.json(shape, value)));
                entries.collect::<Map<_, _>>().into()
            }
            (_, value) => value,
        }
    }
}

impl Output {
    /// The members that stand in headers.
    fn headers(&self, response: &Response) -> Map<String, Value> {
        let value = |(member, (name, shape)): (&String, &(String, String))| {
            let value = if shape == "prefix" {
                let found = response.headers.iter().filter_map(|(header, value)| {
                    let rest = header.strip_prefix(name.as_str())?;
                    Some((rest.to_owned(), Value::from(value.as_str())))
                });
                found.collect::<Map<_, _>>().into()
            } else {
                scalar(shape, response.header(name)?)
            };
            Some((member.clone(), value))
        };
        self.headers.iter().filter_map(value).collect()
    }
}

/// A scalar from its text.
fn scalar(shape: &str, text: &str) -> Value {
    let value = match shape {
        "integer" => text.trim().parse::<i64>().ok().map(Value::from),
        "float" => text.trim().parse::<f64>().ok().map(Value::from),
        "boolean" => Some((text == "true").into()),
        "policy" => serde_json::from_str(&percent_decoded(text)).ok(),
        _ => None,
    };
    value.unwrap_or_else(|| text.into())
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    elements(node).find(|child| is_named(*child, name))
}

fn named<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    is_named(node, name).then_some(node)
}

fn is_named(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::OPERATIONS;

    fn told(service: &str, operation: &str, body: &str) -> Answer {
        let body = Some(body.as_bytes().to_vec());
        answer(service, operation, &Response { status: 200, headers: Vec::new(), body })
    }

    #[test]
    fn every_operation_of_the_list_is_in_the_table() {
        let known = OPERATIONS.iter().filter(|known| {
            TABLE.get(known.service).is_some_and(|it| it.operations.contains_key(known.name))
        });
        assert_eq!(known.count(), OPERATIONS.len());
        assert_eq!(
            TABLE.values().map(|service| service.operations.len()).sum::<usize>(),
            OPERATIONS.len()
        );
    }

    #[test]
    fn every_shape_that_the_table_names_is_there_or_is_a_scalar() {
        let scalars = ["string", "integer", "float", "boolean", "policy", "prefix"];
        for service in TABLE.values() {
            let in_shapes = service.shapes.values().flat_map(|shape| match shape {
                Shape::Structure(members) => members.values().map(|(_, shape)| shape).collect(),
                Shape::List(shape) | Shape::Flat(shape) | Shape::Map(shape) => vec![shape],
            });
            let in_outputs = service.operations.values().flat_map(|output| {
                let payload = output.payload.as_ref().map(|(_, shape)| shape);
                let headers = output.headers.values().map(|(_, shape)| shape);
                output.shape.iter().chain(payload).chain(headers)
            });
            for shape in in_shapes.chain(in_outputs) {
                let is_scalar = scalars.contains(&shape.as_str());
                assert!(is_scalar != service.shapes.contains_key(shape), "{shape}");
            }
        }
    }

    #[test]
    fn ec2_answers_get_the_names_and_types_of_the_cli() {
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
    <subnetSet>
        <item>
            <subnetId>subnet-1</subnetId>
            <vpcId>vpc-1</vpcId>
            <availableIpAddressCount>251</availableIpAddressCount>
            <mapPublicIpOnLaunch>false</mapPublicIpOnLaunch>
            <ipv6CidrBlockAssociationSet/>
            <tagSet><item><key>Name</key><value>a &amp; b</value></item></tagSet>
            <bornYesterday>true</bornYesterday>
        </item>
        <item><subnetId>subnet-2</subnetId><availableIpAddressCount>many</availableIpAddressCount></item>
    </subnetSet>
</DescribeSubnetsResponse>"#;
        assert_eq!(
            told("ec2", "DescribeSubnets", body),
            Ok(json!({"Subnets": [
                {
                    "SubnetId": "subnet-1",
                    "VpcId": "vpc-1",
                    "AvailableIpAddressCount": 251,
                    "MapPublicIpOnLaunch": false,
                    "Ipv6CidrBlockAssociationSet": [],
                    "Tags": [{"Key": "Name", "Value": "a & b"}],
                },
                {"SubnetId": "subnet-2", "AvailableIpAddressCount": "many"},
            ]}))
        );
    }

    #[test]
    fn query_answers_are_unwrapped_and_policies_of_iam_decoded() {
        let body = r#"<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <GetRoleResult>
    <Role>
      <Path>/</Path>
      <Arn>arn:aws:iam::111122223333:role/app</Arn>
      <RoleName>app</RoleName>
      <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>
      <CreateDate>2026-11-21T20:03:31Z</CreateDate>
      <MaxSessionDuration>3600</MaxSessionDuration>
      <RoleLastUsed/>
    </Role>
  </GetRoleResult>
  <ResponseMetadata><RequestId>df37e965-9967-11e1-a4c3-270EXAMPLE04</RequestId></ResponseMetadata>
</GetRoleResponse>"#;
        assert_eq!(
            told("iam", "GetRole", body),
            Ok(json!({"Role": {
                "Path": "/",
                "Arn": "arn:aws:iam::111122223333:role/app",
                "RoleName": "app",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "CreateDate": "2026-11-21T20:03:31Z",
                "MaxSessionDuration": 3600,
                "RoleLastUsed": {},
            }}))
        );
    }

    #[test]
    fn rest_json_answers_get_the_names_of_the_cli() {
        let body = r#"{"resources": [{"resourceId": "r-1", "coverageStatus": "UNHEALTHY", "issue": null,
            "resourceDetails": {"ecsClusterDetails": {"clusterName": "shop"}}, "new": 1}], "nextToken": ""}"#;
        assert_eq!(
            told("guardduty", "ListCoverage", body),
            Ok(json!({"Resources": [{
                "ResourceId": "r-1",
                "CoverageStatus": "UNHEALTHY",
                "ResourceDetails": {"EcsClusterDetails": {"ClusterName": "shop"}},
            }], "NextToken": ""}))
        );
        let body = r#"{"coverageStatistics": {"countByCoverageStatus": {"HEALTHY": 3}}}"#;
        assert_eq!(
            told("guardduty", "GetCoverageStatistics", body),
            Ok(json!({"CoverageStatistics": {"CountByCoverageStatus": {"HEALTHY": 3}}}))
        );
    }

    #[test]
    fn json_answers_stay_as_they_are() {
        let body =
            r#"{"tasks": [{"taskArn": "t", "new": {"a": 1.5}, "group": null}], "failures": []}"#;
        assert_eq!(told("ecs", "DescribeTasks", body), Ok(serde_json::from_str(body).unwrap()));
    }

    #[test]
    fn s3_answers_have_their_own_ways() {
        for (operation, body, expected) in [
            (
                "GetBucketLocation",
                r#"<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>"#,
                json!({"LocationConstraint": "eu-west-1"}),
            ),
            ("GetBucketLocation", "<LocationConstraint/>", json!({"LocationConstraint": null})),
            ("GetBucketPolicy", r#"{"Statement": []}"#, json!({"Policy": r#"{"Statement": []}"#})),
            (
                "GetBucketEncryption",
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
                 <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
                 <BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
                 </ServerSideEncryptionConfiguration>",
                json!({"ServerSideEncryptionConfiguration": {"Rules": [{
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                    "BucketKeyEnabled": true,
                }]}}),
            ),
        ] {
            assert_eq!(told("s3", operation, body), Ok(expected));
        }

        let headers = [
            ("etag", "\"abc\""),
            ("content-length", "42"),
            ("x-amz-meta-owner", "shop"),
            ("x-amz-request-id", "tx1"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut response = Response { status: 200, headers, body: Some(Vec::new()) };
        assert_eq!(
            answer("s3", "HeadObject", &response),
            Ok(json!({"ETag": "\"abc\"", "ContentLength": 42, "Metadata": {"owner": "shop"}}))
        );
        response.headers.remove(0);
        assert!(answer("s3", "HeadObject", &response).is_err());
    }

    #[test]
    fn records_of_route_53_and_listeners_with_maps() {
        let body = "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet>\
            <Name>a.</Name><Weight>3</Weight><ResourceRecords><ResourceRecord><Value>10.0.0.1</Value>\
            </ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets>\
            <IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>";
        assert_eq!(
            told("route53", "ListResourceRecordSets", body).unwrap()["ResourceRecordSets"],
            json!([{"Name": "a.", "Weight": 3, "ResourceRecords": [{"Value": "10.0.0.1"}]}])
        );
        let body = "<DescribeListenersResponse><DescribeListenersResult><Listeners><member>\
            <DefaultActions><member><AuthenticateOidcConfig><AuthenticationRequestExtraParams>\
            <entry><key>a</key><value>b</value></entry></AuthenticationRequestExtraParams>\
            </AuthenticateOidcConfig></member></DefaultActions></member></Listeners>\
            </DescribeListenersResult></DescribeListenersResponse>";
        assert_eq!(
            told("elbv2", "DescribeListeners", body),
            Ok(json!({"Listeners": [{"DefaultActions": [{"AuthenticateOidcConfig":
                {"AuthenticationRequestExtraParams": {"a": "b"}}}]}]}))
        );
    }

    #[test]
    fn what_somebody_else_answers_is_no_answer() {
        for body in ["", "<html><body>Log in</body></html>", "[]", "\u{feff}{", "<a>"] {
            for known in OPERATIONS {
                let error = told(known.service, known.name, body).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Malformed, "{}:{}", known.service, known.name);
                assert!(!error.message.contains("html"), "{error}");
            }
        }
    }

    /// The request for the next page, and the whole so far.
    fn page(service: &str, operation: &str, mut page: Value, whole: &mut Input) -> Value {
        let paging = paging(service, operation).unwrap();
        let next = paging.next(&page);
        paging.add(&mut page, whole);
        next.map_or(Value::Null, |tokens| tokens.into_iter().collect::<Map<_, _>>().into())
    }

    #[test]
    fn pages_become_one_answer_without_tokens() {
        let mut whole = Input::new();
        let first = json!({"taskArns": ["a", "b"], "nextToken": "2"});
        assert_eq!(page("ecs", "ListTasks", first, &mut whole), json!({"nextToken": "2"}));
        let last = json!({"taskArns": ["c"], "nextToken": null});
        assert_eq!(page("ecs", "ListTasks", last, &mut whole), Value::Null);
        assert_eq!(Value::from(whole), json!({"taskArns": ["a", "b", "c"]}));
    }

    #[test]
    fn pages_of_every_kind_say_whether_there_is_another() {
        for (service, operation, answer, next) in [
            ("iam", "ListRolePolicies", json!({"IsTruncated": false, "Marker": "m"}), Value::Null),
            (
                "iam",
                "ListRolePolicies",
                json!({"IsTruncated": true, "Marker": "m"}),
                json!({"Marker": "m"}),
            ),
            ("efs", "DescribeFileSystems", json!({"NextMarker": "m"}), json!({"Marker": "m"})),
            ("ec2", "DescribeSubnets", json!({"Subnets": [], "NextToken": ""}), Value::Null),
            (
                "route53",
                "ListResourceRecordSets",
                json!({"IsTruncated": true, "NextRecordName": "a.", "NextRecordType": "A"}),
                json!({"StartRecordName": "a.", "StartRecordType": "A", "StartRecordIdentifier": null}),
            ),
        ] {
            assert_eq!(page(service, operation, answer, &mut Input::new()), next);
        }
    }

    #[test]
    fn an_operation_that_the_cli_does_not_page_keeps_its_other_members() {
        let mut whole = Input::new();
        for versions in ["1", "2"] {
            let answer =
                json!({"ARN": "arn", "Name": "db", "Versions": [versions], "NextToken": versions});
            page("secretsmanager", "ListSecretVersionIds", answer, &mut whole);
        }
        assert_eq!(Value::from(whole), json!({"ARN": "arn", "Name": "db", "Versions": ["1", "2"]}));
    }
}
