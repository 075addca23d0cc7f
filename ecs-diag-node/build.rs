//! Tells the linker that Node.js brings the Node-API.

fn main() {
    napi_build::setup();
}
