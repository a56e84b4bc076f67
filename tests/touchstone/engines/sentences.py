"""Varied sentences of our own, put together by a fixed seed."""

from __future__ import annotations

from random import Random

SENTENCES = (
    "The night train left the harbour an hour late.",
    "Add two spoons of oil and stir until the onions turn golden.",
    "A contract that cannot be audited is a promise, not a proof.",
    "Why did the river change its course after the storm?",
    "def area(r): return 3.14159 * r ** 2",
    "Interest rates rose by 0.25 % in March, the third rise this year!",
    "She painted the old boat blue; her brother had wanted red.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "Please restart the router and wait until the green light stops blinking.",
    "Der Zug nach Hamburg fällt heute leider aus.",
    "Le marché ouvre à huit heures, sauf le dimanche.",
    "No refunds are given on tickets bought at the door.",
    "The goalkeeper saved two penalties, yet the team lost 3-2.",
    "Patients with a fever above 39 degrees should see a doctor.",
    "In 1969 people first walked on the moon.",
    "Her cello sounded warm in the small wooden hall.",
    "ERROR 404: page /index.html not found (retry in 30 s)",
    "Bees find their way home by the angle of the sun.",
    "The tenant pays heating, water and refuse collection.",
    "Whoever holds openings that contradict each other convicts the liar.",
    "Glaciers grind the rock beneath them into fine grey flour.",
    "It was, he said, neither a victory nor a defeat.",
    "¿Dónde está la biblioteca más cercana?",
    "Shipping to islands takes five to seven working days.",
    "The committee meets every other Tuesday in room 12.",
    "Small dogs bark more often, or so the neighbours claim.",
    "Gradient descent follows the slope of the loss downhill.",
    "The bridge is closed to lorries heavier than 7.5 tonnes.",
    "Mix, knead, rest, fold, shape, prove, bake.",
    "xqj zzv 8841 kkpt ++ ??",
)
FILLERS = ("therefore", "blue", "market", "seven", "quietly", "energy", "if", "the", "of", "window")


def varied_texts(count: int) -> list[str]:
    """Texts of about 1 to 260 words, short and long ones mixed."""
    random = Random(17)
    texts = []
    for index in range(count):
        wanted = 1 + int(250 * (index / count) ** 1.5)
        words: list[str] = []
        while len(words) < wanted:
            words += random.choice(SENTENCES).split()
            if random.random() < 0.3:
                words += random.choices(FILLERS, k=random.randrange(1, 6))
        texts.append(" ".join(words[:wanted]))
    return texts
