"""The sentence encoder leaves the machine's other cores to others."""

from shared.understanding.encoder import encode
from threadpoolctl import threadpool_info


def test_one_thread_reads_a_message() -> None:
    encode(["hello"])

    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
