//! Images: what a container's reference names, and whether the registry has it.

mod containers;

use containers::{EcrImage, ecr_images};

super::checks! {
    ecr_tag_exists: EcrTagExists,
}
