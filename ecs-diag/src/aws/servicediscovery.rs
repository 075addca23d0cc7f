//! AWS Cloud Map.

use super::{request, shape};

request! {
    /// Describes a service.
    GetService: "servicediscovery", "GetService", "PascalCase" => GetServiceResponse {
        /// Id.
        id: String,
    }
}

shape! {
    /// A service, wrapped.
    GetServiceResponse: "PascalCase" {
        /// The service.
        service: Service,
    }
}

shape! {
    /// A service in which instances are registered.
    Service: "PascalCase" {
        /// Id.
        id: String,
        /// ARN.
        arn: Option<String>,
        /// Name.
        name: Option<String>,
        /// Its namespace.
        namespace_id: Option<String>,
        /// DNS records that instances get.
        dns_config: Option<DnsConfig>,
    }
}

shape! {
    /// DNS records of a service.
    DnsConfig: "PascalCase" {
        /// Its namespace, in older answers.
        namespace_id: Option<String>,
        /// The records.
        dns_records: Vec<DnsRecord>,
    }
}

shape! {
    /// A DNS record.
    DnsRecord: "PascalCase" {
        /// `A`, `AAAA`, `SRV`, `CNAME`.
        #[serde(rename = "Type")]
        kind: Option<String>,
    }
}

request! {
    /// Describes a namespace.
    GetNamespace: "servicediscovery", "GetNamespace", "PascalCase" => GetNamespaceResponse {
        /// Id.
        id: String,
    }
}

shape! {
    /// A namespace, wrapped.
    GetNamespaceResponse: "PascalCase" {
        /// The namespace.
        namespace: Namespace,
    }
}

shape! {
    /// A namespace of services.
    Namespace: "PascalCase" {
        /// Id.
        id: String,
        /// Name.
        name: Option<String>,
    }
}
