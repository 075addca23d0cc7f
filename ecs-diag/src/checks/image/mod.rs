//! Images: what a container's reference names, and whether the registry has it.

mod aws_registries;
mod containers;
mod hosts;
mod manifest;
mod windows;

super::checks! {
    ref_parse: RefParse,
    host_class: HostClass,
    host_misspelled: HostMisspelled,
    typo_dockerhub: TypoDockerhub,
    ecr_repo_exists: EcrRepoExists,
    ecr_tag_exists: EcrTagExists,
    pinned_digest_gone: PinnedDigestGone,
    platform_match: PlatformMatch,
    attestation_manifest: AttestationManifest,
    size_vs_storage: SizeVsStorage,
    puller_identity: PullerIdentity,
    aws_owned_registry: AwsOwnedRegistry,
    ecr_cross_account: EcrCrossAccount,
    ecr_cross_region: EcrCrossRegion,
    ecr_kms_key: EcrKmsKey,
    ptc_rule: PtcRule,
    ptc_credentials: PtcCredentials,
    rate_limit: RateLimit,
    private_creds_missing: PrivateCredsMissing,
    private_creds_on_ecr: PrivateCredsOnEcr,
    private_creds_ref: PrivateCredsRef,
    private_creds_schema: PrivateCredsSchema,
    private_creds_support: PrivateCredsSupport,
    engine_auth: EngineAuth,
    registry_tls: RegistryTls,
    pull_behavior: PullBehavior,
    windows_foreign_layers: WindowsForeignLayers,
    nil_pointer: NilPointer,
    firelens_or_sidecar: FirelensOrSidecar,
}
