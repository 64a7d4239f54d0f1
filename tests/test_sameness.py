import numpy as np

from tunewright.sameness import alike, are_chances, rounded


def test_alike_is_what_differs_by_rounding_alone():
    assert alike(np.array([0.1 + 0.2, 0.3]))
    assert alike(np.zeros(3))
    assert alike(1e300 * np.array([0.1 + 0.2, 0.3]))
    assert not alike(np.array([0.3, 0.3 + 1e-9]))
    assert not alike(np.array([0.0, 1e-300]))
    assert not alike(np.array([1.7e308, -1.7e308]))
    assert not alike(np.array([0.3, np.nan]))


def test_who_stands_alone_beside_zero_is_no_chance():
    assert are_chances(np.array([0.0, 1.0, 0.0]))
    assert are_chances(np.array([0.0, -100.0, -100.0]))
    assert are_chances(np.array([0.0, 0.37, 0.37, 0.0]))
    assert not are_chances(np.array([0.0, 0.37, 0.0, 0.0]))
    assert not are_chances(np.array([0.0, 0.37, 0.37]))
    assert not are_chances(np.array([0.0, 50.0, 100.0, 0.0]))
    assert not are_chances(np.array([1.0, 100.0, 100.0, 1.0]))
    assert not are_chances(np.zeros(3))


def test_rounding_takes_the_last_digits_alone():
    assert rounded(np.array([0.1 + 0.2])) == rounded(np.array([0.3]))
    assert rounded(np.array([0.3 + 1e-9])) != rounded(np.array([0.3]))
    assert not np.signbit(rounded(np.array([-0.0]))).any()
