"""The device: found, described and chosen, and refused in a sentence."""

import os
import re
import threading

import pytest
import torch
from threadpoolctl import threadpool_info

from genlib.device import available, choose, set_threads
from genlib.knobs import InputError

pytestmark = pytest.mark.fast


def test_the_processor_is_always_there_and_the_last():
    kinds = [device.kind for device in available()]
    assert kinds[-1] == "cpu"
    assert ("cuda" in kinds) == torch.cuda.is_available()
    assert ("mps" in kinds) == torch.backends.mps.is_available()
    assert choose("auto") == choose() == available()[0]
    assert choose("cpu") == available()[-1]


def test_every_device_found_can_compute():
    for device in available():
        x = torch.arange(3.0, device=device.kind)
        assert (x * 2).tolist() == [0, 2, 4]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a thread to a core")
def test_the_cores_counted_are_those_that_may_be_used():
    found = []

    def look(cores):
        # Binds this thread only.
        os.sched_setaffinity(0, cores)
        found.append(available()[-1].words)

    cores = sorted(os.sched_getaffinity(0))
    for chosen in (cores[:1], cores):
        thread = threading.Thread(target=look, args=(chosen,))
        thread.start()
        thread.join()
    assert found[0].endswith(", 1 core")
    assert re.search(r", (\d+) cores?$", found[1])[1] == str(len(cores))


def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    missing = {"cpu", "cuda", "mps"} - {device.kind for device in available()}
    assert missing, "no machine has all three"
    for kind in missing:
        with pytest.raises(InputError, match=rf"^This machine has no {kind} device: choose .*cpu, or auto\.$"):
            choose(kind)
    for kind in ("tpu", "", None, "cuda:0", 0):
        with pytest.raises(InputError, match=r"^Device cannot be .*: choose one of auto, cpu, cuda, mps"):
            choose(kind)


def test_threads_are_set_and_told():
    before = torch.get_num_threads()
    try:
        for count in (2, 1):
            assert set_threads(count) == torch.get_num_threads() == count
            pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
            assert pools
            assert max(pools) <= count
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        assert set_threads() == torch.get_num_threads() == min(2, max(1, cores // 2))
    finally:
        set_threads(before)
