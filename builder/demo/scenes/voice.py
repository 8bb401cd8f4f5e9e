"""How a post opens and closes, by the group of its news and the tone asked for; and its quiet or glad emoji.

Bad news gets sober words in every tone: friendly is warm, professional is plain, enthusiastic is urgent and never glad.
Many are empty, and each is written in several ways, so that no phrase opens most posts.
"""

from __future__ import annotations

from random import Random

from builder.demo.texts import expand

Templates = dict[str, dict[str, tuple[str, ...]]]
"""Group → tone → templates."""

GLAD: Templates = {
    "event": {
        "friendly": ("[Hi|Hello|Hey] [neighbours|everyone|all]!", "[Fancy a day out|Free that day|Got plans yet]?", "You are [warmly |]invited!", "[Come along|Come and join us|Bring a friend]!", "Something for [the diary|your calendar]:"),
        "professional": ("[Event|Invitation|Upcoming event|Programme]:", "[We invite you|You are invited].", "[Save the date|Date to note]:"),
        "enthusiastic": ("[Mark your calendars|Save the date|Get ready|Here we go]!", "[This will be great|You won't want to miss this|What a day it will be]!", "[Who's in|Who's coming|Ready]?!"),
    },
    "news": {
        "friendly": ("[Lovely news|Happy news|Good news|Nice news]!", "[Have you heard|Did you know]?", "[A little|Some] news [from us|from around here]:", "[This made us smile|We had to share this]:"),
        "professional": ("[News|Update|Announcement|In brief]:", "We are pleased to share this."),
        "enthusiastic": ("[What news|Big news|Wonderful news|Wow]!", "[Hooray|Yes|At last|Bravo]!", "[This is brilliant|How good is that|We love this]!"),
    },
    "call": {
        "friendly": ("[We need you|Your help counts|Can you help]!", "[Dear friends|Hi everyone|Hello all]!", "[Thank you so much|You are the best|What a team]!"),
        "professional": ("[Call for support|Please note|Update|Request]:", "[Your support counts|Thank you for your support]."),
        "enthusiastic": ("[Let's do this|Together we can do it|What a result]!", "[Join in|Be part of it|Count us in]!", "[Wow|Amazing|Incredible]!"),
    },
    "product": {
        "friendly": ("[Look what's new|Something new for you|Look at this]!", "[We made something|Here is something new]:", "[Hi|Hello] [everyone|all]!"),
        "professional": ("[Now available|Product news|New|Release]:",),
        "enthusiastic": ("[It's here|At last|Finally here|Fresh in]!", "[You'll love this|Look at that|Wow]!"),
    },
    "offer": {
        "friendly": ("[A little treat|Something nice for you|A tip for you]:", "[Psst|Hello all|Hi everyone]!"),
        "professional": ("[Current offer|Offer|Please note]:",),
        "enthusiastic": ("[What a deal|Be quick|Don't wait]!", "[Wow|Yes|Look at this]!"),
    },
    "article": {
        "friendly": ("[Did you know|Have you heard|Who would have thought]?", "[Something to read|Interesting]:", "Here's something [nice|curious] to know:"),
        "professional": ("[Key finding|Worth reading|Research news|In brief]:",),
        "enthusiastic": ("[How good is that|Mind blown|Amazing|What a find]!", "[Just imagine|Incredible]!"),
    },
    "notice": {
        "friendly": ("[Just so you know|Good to know|A quick note]:", "[Hi|Hello] [all|neighbours]!"),
        "professional": ("[Please note|Service information|Notice]:",),
        "enthusiastic": ("[Good to know|Look here|Heads up]!",),
    },
}  # fmt: skip
GLAD_END: Templates = {
    "event": {
        "friendly": ("[See you there|Hope to see you there|Come and say hello|Bring a friend]!", "We look forward to you."),
        "professional": ("We look forward to [welcoming you|your visit].", "[Registration is recommended|All are welcome]."),
        "enthusiastic": ("[Don't miss it|Be there|See you there|We can't wait]!",),
    },
    "news": {
        "friendly": ("[Isn't that nice|What do you think|Who is glad too]?", "[Pass it on|Tell a friend]!"),
        "professional": ("[More details will follow|Thank you to everyone involved].",),
        "enthusiastic": ("[Bravo|So good|We can't wait|Spread the word]!",),
    },
    "call": {
        "friendly": ("[Thank you|Thanks to you all|Every little helps|Please pass it on]!",),
        "professional": ("[We appreciate your support|Thank you for your help].",),
        "enthusiastic": ("[Join in now|Thank you all|Let's go|Pass it on]!",),
    },
    "product": {
        "friendly": ("[Tell us how you like it|What do you think|Who wants one]?",),
        "professional": ("[Contact us for details|Further information on request].",),
        "enthusiastic": ("[Try it now|You'll love it|Go and get it]!",),
    },
    "offer": {
        "friendly": ("[Pop in|Come and have a look|Tell a friend]!",),
        "professional": ("[Terms apply|We look forward to your visit].",),
        "enthusiastic": ("[Be quick|Off you go|Grab it while you can]!",),
    },
    "article": {
        "friendly": ("[Isn't that something|What do you make of it]?",),
        "professional": ("[The full text has the details|A result worth noting].",),
        "enthusiastic": ("[Incredible|So good|What a story]!",),
    },
    "notice": {
        "friendly": ("[Pass it on|Tell your neighbours]!", "Thanks for reading."),
        "professional": ("[Thank you for your attention|Questions are welcome].",),
        "enthusiastic": ("[Pass it on|Tell everyone]!",),
    },
}  # fmt: skip
SOBER: Templates = {
    "appeal": {
        "friendly": ("[Can you help|Please keep your eyes open|Have you seen anything]?", "[Please help|Please share this]:", "[Dear neighbours|Dear all|Hello neighbours],"),
        "professional": ("[Appeal|Public appeal|Request for information]:",),
        "enthusiastic": ("[Please share|Please help|Please read and share]!", "[Every hint counts|Please look at this]:"),
    },
    "loss": {
        "friendly": ("[Sad news|Very sad news|We have sad news] [today|to share|].", "[Our hearts are heavy today|We are sad to share this|This is hard to write].", "[Dear friends|Dear all],"),
        "professional": ("[With regret we inform you|Notice|It is with regret that we share this]:",),
        "enthusiastic": ("[Please take a moment for this|We share this with heavy hearts|Please read this].",),
    },
    "warning": {
        "friendly": ("[Please take care|Please be careful|Take care, everyone|A warning for all of you].", "[Please read this|Please share this with your neighbours|Important for all of you]:"),
        "professional": ("[Warning|Safety notice|Important notice|Public notice]:",),
        "enthusiastic": ("[Attention|Important|Please read and share|Warning]!", "[Please take this seriously|This matters]:"),
    },
    "disruption": {
        "friendly": ("[We are sorry|Sorry, everyone|Sorry to say this].", "[A heads-up|Please plan ahead|Not what we hoped for]:"),
        "professional": ("[Service notice|Please note|Notice|Update]:", "[We regret to inform you|We apologise for this]."),
        "enthusiastic": ("[Please note|Important|Attention]!", "[Please plan ahead|Please check your plans|Important update]:"),
    },
    "closure": {
        "friendly": ("[Sad news|Hard news|No easy news] [today|].", "[We are sorry to share this|It hurts to write this|This is not easy to say].", "[Dear friends|Dear all],"),
        "professional": ("[Notice|Announcement|In brief]:", "We regret to share this."),
        "enthusiastic": ("[Please read this|Please note|Important news]:", "We share this with heavy hearts."),
    },
    "setback": {
        "friendly": ("[Not the news we hoped for|Not easy news|This one hurts].", "[We wish it were otherwise|We would rather tell you something else]:"),
        "professional": ("[In brief|Notice|For information|Update]:",),
        "enthusiastic": ("[Please read this|This needs attention|Important]:",),
    },
}  # fmt: skip
SOBER_END: Templates = {
    "appeal": {
        "friendly": ("[Thank you for keeping your eyes open|Please pass it on|Thank you for your help].",),
        "professional": ("[Every hint is welcome|Thank you for your help].",),
        "enthusiastic": ("[Please share this|Every hint counts|Please pass it on].",),
    },
    "loss": {
        "friendly": ("[Our thoughts are with all who are affected|Take care of each other|We feel with all who are concerned].",),
        "professional": ("[Our thoughts are with those affected|Further information will follow].",),
        "enthusiastic": ("[Our thoughts are with everyone affected|Please pass this on].",),
    },
    "warning": {
        "friendly": ("[Stay safe|Please look after each other|Please pass it on|Please tell your neighbours].",),
        "professional": ("[Thank you for your attention|Please follow the advice].",),
        "enthusiastic": ("[Please share|Please pass this on|Stay safe, everyone].",),
    },
    "disruption": {
        "friendly": ("[Thank you for your patience|Thanks for bearing with us|We are sorry for the trouble].",),
        "professional": ("[Thank you for your understanding|We apologise for the inconvenience].",),
        "enthusiastic": ("[Please pass it on|Thank you for your patience].",),
    },
    "closure": {
        "friendly": ("[Thank you for everything|Our thoughts are with all concerned|Thank you for your understanding].",),
        "professional": ("[Thank you for your understanding|Further details will follow].",),
        "enthusiastic": ("[Please pass it on|Thank you to everyone].",),
    },
    "setback": {
        "friendly": ("[Thank you for your understanding|Thanks for standing by].",),
        "professional": ("[Further information will follow|Thank you for your understanding].",),
        "enthusiastic": ("[Please pass it on|It needs all of us].",),
    },
}  # fmt: skip
OPENED = {"friendly": 0.55, "professional": 0.3, "enthusiastic": 0.55}
"""The share of posts that have an opening…"""
CLOSED = {"friendly": 0.5, "professional": 0.35, "enthusiastic": 0.5}
"""…and a closing."""
EMOJI = {
    "event": "🎶 📅 🎉 🙌",
    "news": "✨ 👏 🙂 📰",
    "call": "🤝 🙏 💛 💪",
    "product": "✨ 🔧 🆕 💡",
    "offer": "🛒 🎁 🙂 ☕",
    "article": "🔎 📚 🧐 📊",
    "notice": "ℹ️ 📌 🚏 🙂",
}
QUIET = {
    "appeal": "🙏 🔎",
    "loss": "🕯️ 🖤",
    "warning": "⚠️ ⚠️",
    "disruption": "ℹ️ 🚧",
    "closure": "🙏 💔",
    "setback": "ℹ️ 🙏",
}
EMOJI_SHARE = {"friendly": 0.5, "professional": 0.0, "enthusiastic": 0.65}
QUIET_SHARE = {"friendly": 0.2, "professional": 0.0, "enthusiastic": 0.2}


def opening(rng: Random, group: str, tone: str, *, sober: bool) -> str:
    """An opening, or none."""
    return _some(rng, (SOBER if sober else GLAD)[group][tone], OPENED[tone])


def closing(rng: Random, group: str, tone: str, *, sober: bool) -> str:
    """A closing, or none."""
    return _some(rng, (SOBER_END if sober else GLAD_END)[group][tone], CLOSED[tone])


def emoji(rng: Random, group: str, tone: str, *, sober: bool) -> str:
    """An emoji that fits the news, or none."""
    share = (QUIET_SHARE if sober else EMOJI_SHARE)[tone]
    return rng.choice((QUIET if sober else EMOJI)[group].split()) if rng.random() < share else ""


def _some(rng: Random, templates: tuple[str, ...], share: float) -> str:
    return expand(rng, rng.choice(templates)).replace(" .", ".").strip() if rng.random() < share else ""
