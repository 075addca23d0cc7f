//! Images: what a container's reference names, and whether the registry has it.

mod containers;
mod hosts;

super::checks! {
    ref_parse: RefParse,
    host_misspelled: HostMisspelled,
    typo_dockerhub: TypoDockerhub,
    ecr_repo_exists: EcrRepoExists,
    ecr_tag_exists: EcrTagExists,
}
