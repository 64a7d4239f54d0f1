"""Tune tabular Q-learning, where one seed proves nothing: every configuration races over 20 seeds, and the winner is asked how firmly it stands.

python examples/reinforcement_learning.py             # a slippery cliff of its own
python examples/reinforcement_learning.py gymnasium   # CliffWalking of Gymnasium (pip install ".[rl]")
"""

import sys
from random import Random
from typing import Any

import tunewright as tw

WIDTH, HEIGHT, SLIPS = 6, 3, 0.1
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
EPISODES, STEPS = 60, 60


class Cliff:
    """Walk along a cliff from the lower left to the lower right; every step costs 1, a fall 30 and the way so far. Floors are slippery."""

    def reset(self, *, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        if seed is not None:
            self.rng = Random(seed)
        self.y, self.x = HEIGHT - 1, 0
        return self.y * WIDTH, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        down, right = MOVES[self.rng.randrange(4) if self.rng.random() < SLIPS else action]
        self.y, self.x = min(HEIGHT - 1, max(0, self.y + down)), min(WIDTH - 1, max(0, self.x + right))
        fell = self.y == HEIGHT - 1 and 0 < self.x < WIDTH - 1
        done = self.y == HEIGHT - 1 and self.x == WIDTH - 1
        if fell:
            self.y, self.x = HEIGHT - 1, 0
        return self.y * WIDTH + self.x, -30.0 if fell else -1.0, done, False, {}


def environment() -> tuple[Any, int]:
    """An environment, and how many states it has."""
    if "gymnasium" not in sys.argv[1:]:
        return Cliff(), WIDTH * HEIGHT
    import gymnasium  # noqa: PLC0415  optional

    return gymnasium.make("CliffWalking-v1"), 48


def learn(live: tw.LiveTrial) -> float:
    """Mean return over the last third of the episodes, while learning goes on."""
    world, states = environment()
    rng = Random(live.seed)
    table = [[0.0] * 4 for _ in range(states)]
    returns = []
    for episode in range(EPISODES):
        state, _ = world.reset(seed=live.seed if episode == 0 else None)
        total, epsilon = 0.0, live["epsilon"] * live["decay"] ** episode
        for _ in range(STEPS):
            values = table[state]
            action = rng.randrange(4) if rng.random() < epsilon else values.index(max(values))
            after, reward, done, _, _ = world.step(action)
            goal = reward + (0.0 if done else live["gamma"] * max(table[after]))
            values[action] += live["rate"] * (goal - values[action])
            state, total = after, total + float(reward)
            if done:
                break
        returns.append(total)
    late = returns[-EPISODES // 3 :]
    return sum(late) / len(late)


space = tw.SearchSpace(
    {
        "rate": tw.Float(0.01, 1.0, log=True, default=0.1),
        "epsilon": tw.Float(0.01, 1.0, log=True, default=0.1),
        "decay": tw.Float(0.9, 1.0, default=1.0),
        "gamma": tw.Float(0.8, 1.0, default=0.99),
    }
)
study = tw.Study(
    space, tw.Metric("return", "maximize"), sampler=tw.samplers.QuasiRandom(), scheduler=tw.schedulers.Race(seeds=20)
)
try:
    environment()
except ImportError:
    sys.exit(
        'Gymnasium is not installed. Run, in the copy of the repository: pip install ".[rl]" — or leave the word "gymnasium" out.'
    )
study.enqueue({}, note="default")
study.optimize(learn, trials=10)
print(study.winner().sentence)
print(study.sensitivity(evaluate=learn, around=4))
