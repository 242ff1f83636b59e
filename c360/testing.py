"""The test kit for authors of connectors.

from c360.testing import Vendor, check_contract, check_faults, check_resume

async def test_my_connector():
    async with Vendor(answer) as vendor:  # answer(asked) gives what the vendor would, as JSON

        def make():
            return MyConnector("crm", MyConnector.Config(url=vendor.url, token="s3cret"))

        await check_contract(make(), secrets=["s3cret"])
        await check_resume(make)
        await check_faults(make, vendor, secrets=["s3cret"])
        await check_drift(make, vendor)
"""

from connectors.testing.contract import ContractBroken, ContractReport, check_contract, read_records
from connectors.testing.drift import check_drift
from connectors.testing.faults import Fault, check_faults
from connectors.testing.resume import check_resume
from connectors.testing.vendor import Answer, Asked, Vendor

__all__ = [
    "Answer",
    "Asked",
    "ContractBroken",
    "ContractReport",
    "Fault",
    "Vendor",
    "check_contract",
    "check_drift",
    "check_faults",
    "check_resume",
    "read_records",
]
