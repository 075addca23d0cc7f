"""Network."""

from __future__ import annotations

from account import Shop, Stop, backend
from planting import EARLY, planted


@planted("net-subnet-exists")
def subnet_deleted(shop: Shop) -> Stop:
    """One of the service's subnets was deleted."""
    subnet = shop.subnet("10.20.40.0/24")
    shop.clients("ec2").delete_subnet(SubnetId=subnet)
    shop.network["subnets"] = [subnet, *shop.network["subnets"][1:]]
    return Stop(_no_interface(subnet), task=EARLY)


@planted("net-subnet-exists")
def security_group_deleted(shop: Shop) -> Stop:
    """One of the service's security groups was deleted."""
    ec2 = shop.clients("ec2")
    group = ec2.create_security_group(
        VpcId=shop.account.network.vpc, GroupName=shop.name, Description="gone"
    )["GroupId"]
    ec2.delete_security_group(GroupId=group)
    shop.network["securityGroups"].append(group)
    return Stop(_no_interface(shop.network["subnets"][0]), task=EARLY)


@planted("net-subnet-free-ips")
def subnet_exhausted(shop: Shop) -> Stop:
    """A small subnet has no address left."""
    subnet = shop.subnet("10.20.41.0/28")
    backend("ec2").get_subnet(subnet)._available_ip_addresses = 0
    shop.network["subnets"] = [subnet, *shop.network["subnets"][1:]]
    return Stop(_no_interface(subnet) + ": InsufficientFreeAddressesInSubnet", task=EARLY)


def _no_interface(subnet: str) -> str:
    return (
        "Unexpected EC2 error while attempting to Create Network Interface with public IP "
        f"assignment disabled in subnet '{subnet}'"
    )
