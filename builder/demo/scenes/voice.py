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
        "friendly": ("[Hi|Hello|Hey] [neighbours|everyone|all]!", "You are [warmly |]invited!", "[Come along|Come and join us|Bring a friend]!", "Something for [the diary|your calendar]:"),
        "professional": ("[Event|Invitation|Upcoming event|Save the date]:",),
        "enthusiastic": ("[Mark your calendars|Save the date|Get ready|Here we go]!", "[This will be great|You won't want to miss this|What a day it will be]!", "[Who's in|Who's coming]?"),
    },
    "news": {
        "friendly": ("[Lovely news|Happy news|Good news|Nice news]!", "[Have you heard|Did you know]?", "[This made us smile|We had to share this]:"),
        "professional": ("[News|Update|Announcement|In brief]:",),
        "enthusiastic": ("[What news|Big news|Wonderful news|Wow]!", "[Hooray|Bravo|How wonderful]!", "[How good is that|We love this]!"),
    },
    "win": {
        "friendly": ("[Well done|What a match]!", "[Lovely result|Good news]:"),
        "professional": ("[Result|Match report]:",),
        "enthusiastic": ("[What a win|Yes|Brilliant|Come on]!",),
    },
    "birthday": {
        "friendly": ("[Time for cake|A birthday in our club]!", "[Hello everyone|Hi all|Dear friends]!"),
        "professional": ("[From our club|Club news]:",),
        "enthusiastic": ("[Hip hip hooray|Time to celebrate|Time for cake]!",),
    },
    "call": {
        "friendly": ("[Thank you so much|You are the best|What a team]!", "[Dear friends|Hi everyone|Hello all]!"),
        "professional": ("[Update|Community news|Result]:",),
        "enthusiastic": ("[What a result|Look what you did|Together we did it]!", "[Wow|Amazing|Incredible]!"),
    },
    "job": {
        "friendly": ("[Looking for a new job|Is this you|Do you know somebody]?", "[Come and join us|Join our team|We need you]!"),
        "professional": ("[Vacancy|Job opening|Now hiring]:",),
        "enthusiastic": ("[We're hiring|Join the team|Come and join us]!", "[Is this your next job|Is this you]?"),
    },
    "product": {
        "friendly": ("[Look what's new|Something new for you|Look at this]!", "Here is something new:", "[Hi|Hello] [everyone|all]!"),
        "professional": ("[Now available|Product news|New release]:",),
        "enthusiastic": ("[It's here|Finally here|Here it is]!", "[You'll love this|Look at that|Wow]!"),
    },
    "offer": {
        "friendly": ("[Something nice for you|A tip for you]:", "[Psst|Hello all|Hi everyone]!"),
        "professional": ("[Current offer|Offer]:",),
        "enthusiastic": ("[What a deal|Be quick|Don't wait]!", "[Wow|Look at this]!"),
    },
    "menu": {
        "friendly": ("[Hungry|Feeling hungry]?", "[Hello all|Hi everyone]!", "[Something tasty for you|A tip for you]:"),
        "professional": ("[On the menu|From our kitchen]:",),
        "enthusiastic": ("[Yum|So good|Delicious]!", "[Come hungry|Try this]!"),
    },
    "article": {
        "friendly": ("[Did you know|Have you heard|Who would have thought]?", "[Something to read|Interesting]:"),
        "professional": ("[Worth reading|Research news|In brief]:",),
        "enthusiastic": ("[How good is that|Amazing|What a find]!", "[Just imagine|Incredible]!"),
    },
    "notice": {
        "friendly": ("[Just so you know|Good to know|A quick note]:", "[Hi|Hello] [all|neighbours]!"),
        "professional": ("[Please note|Service information|Notice]:",),
        "enthusiastic": ("[Good to know|Look here|Heads up]!",),
    },
}  # fmt: skip
GLAD_END: Templates = {
    "event": {
        "friendly": ("[See you there|Hope to see you there|Come and say hello|Bring a friend]!",),
        "professional": ("We look forward to [welcoming you|your visit].", "All are welcome."),
        "enthusiastic": ("[Don't miss it|Be there|See you there|We can't wait]!",),
    },
    "news": {
        "friendly": ("[Isn't that nice|Isn't that good news]?", "[Pass it on|Tell a friend]!"),
        "professional": (),
        "enthusiastic": ("[So good|Spread the word|Tell everyone]!",),
    },
    "win": {
        "friendly": ("[Well played|Well done, all of you]!",),
        "professional": (),
        "enthusiastic": ("[What a team|So good|Well played]!",),
    },
    "birthday": {
        "friendly": ("[All the best|Many happy returns]!",),
        "professional": ("We wish you all the best.",),
        "enthusiastic": ("[All the best|Have a great day|Many happy returns]!",),
    },
    "call": {
        "friendly": ("[Thank you|Thanks to you all]!",),
        "professional": ("[Thank you to everyone involved|We appreciate your support].",),
        "enthusiastic": ("[Thank you all|What a team|Pass it on]!",),
    },
    "job": {
        "friendly": ("[Tell a friend|Please pass it on|We look forward to hearing from you]!",),
        "professional": ("We look forward to your application.",),
        "enthusiastic": ("[Apply now|Come and join us|Pass it on]!",),
    },
    "product": {
        "friendly": ("[What do you think|Who wants one|How do you like it]?",),
        "professional": (),
        "enthusiastic": ("[Try it now|You'll love it|Take a look]!",),
    },
    "offer": {
        "friendly": ("[Pop in|Come and have a look|Tell a friend]!",),
        "professional": ("We look forward to your visit.",),
        "enthusiastic": ("[Be quick|Grab yours now|Don't miss it]!",),
    },
    "menu": {
        "friendly": ("[Pop in|Come and try it|Bring a friend]!",),
        "professional": ("We look forward to your visit.",),
        "enthusiastic": ("[Come and try it|Don't miss it|See you soon]!",),
    },
    "article": {
        "friendly": ("[Isn't that something|What do you make of it]?",),
        "professional": (),
        "enthusiastic": ("[Incredible|What a story|Isn't that amazing]!",),
    },
    "notice": {
        "friendly": ("[Pass it on|Tell your neighbours]!",),
        "professional": (),
        "enthusiastic": ("[Pass it on|Tell everyone]!",),
    },
}  # fmt: skip
SOBER: Templates = {
    "appeal": {
        "friendly": ("[Can you help|Have you seen anything]?", "[Please help|Please share this]:", "[Dear neighbours|Dear all|Hello neighbours],"),
        "professional": ("[Appeal|Public appeal|Request for information]:",),
        "enthusiastic": ("[Please share|Please help|Please read and share]!",),
    },
    "plea": {
        "friendly": ("[Can you help|Could you help]?", "[Dear all|Dear friends|Dear neighbours],", "[Please help|We need your help]:"),
        "professional": ("[Appeal|Request for support|In brief]:",),
        "enthusiastic": ("[Please help|We need your help|Please read and share]!",),
    },
    "loss": {
        "friendly": ("[Sad news|Very sad news|We have sad news] [today|to share|].", "[Our hearts are heavy today|We are sad to share this|This is hard to write].", "[Dear friends|Dear all],"),
        "professional": ("[With regret we inform you|It is with regret that we share this]:",),
        "enthusiastic": ("[We share this with heavy hearts|We are deeply sad|What sad news].",),
    },
    "warning": {
        "friendly": ("[Please take care|Please be careful|Take care, everyone].", "[Please read this|Please tell your neighbours|Important for all of you]:"),
        "professional": ("[Warning|Safety notice|Important notice|Public notice]:",),
        "enthusiastic": ("[Attention|Important|Please read and share|Warning]!", "[Please take this seriously|This matters]:"),
    },
    "disruption": {
        "friendly": ("[Sorry, everyone|We are sorry to say this].", "[A heads-up|Please plan ahead|Not what we hoped for]:"),
        "professional": ("[Service notice|Please note|Notice|Update]:",),
        "enthusiastic": ("[Please note|Important|Attention]!", "[Please plan ahead|Please check your plans|Important update]:"),
    },
    "closure": {
        "friendly": ("[Sad news|Hard news|No easy news] [today|].", "[We are sorry to share this|This is not easy to say].", "[Dear friends|Dear all],"),
        "professional": ("[Notice|Announcement|In brief]:", "We regret to share this."),
        "enthusiastic": ("[Please read this|Important news]:", "We share this with heavy hearts."),
    },
    "jobs": {
        "friendly": ("[Hard news|Sad news|Bad news] [today|for many families].", "This is hard to read:"),
        "professional": ("[In brief|Business news|Update]:",),
        "enthusiastic": ("[Hard news|This is serious|Please read this]:",),
    },
    "prices": {
        "friendly": ("[Not easy news|No good news today|Sorry to say this].", "[We wish it were otherwise|Please note]:"),
        "professional": ("[Please note|Notice|For information|Price update]:",),
        "enthusiastic": ("[Important|Please note|Please read this]:",),
    },
    "apology": {
        "friendly": ("[We are very sorry|Sorry, everyone|This should not have happened].",),
        "professional": ("[Please note|Notice|For information]:",),
        "enthusiastic": ("[Important|Please read this|Please note]:",),
    },
    "defeat": {
        "friendly": ("[This one hurts|Not our day|A hard one to take|Not what we hoped for].", "[A sad result|Bad luck]:"),
        "professional": ("[Result|Match report|In brief]:",),
        "enthusiastic": ("[That hurts|What a bitter day|So disappointing].",),
    },
    "concern": {
        "friendly": ("[Sad news|Worrying news] [for nature|from nature|today].", "[This is sad to read|This worries us]:"),
        "professional": ("[In brief|Report|Update]:",),
        "enthusiastic": ("[This must not go on|We need to act|This matters]:",),
    },
}  # fmt: skip
SOBER_END: Templates = {
    "appeal": {
        "friendly": ("[Please keep your eyes open|Please pass it on|Thank you for your help].",),
        "professional": ("[Every hint is welcome|Thank you for your help].",),
        "enthusiastic": ("[Please share this|Every hint counts|Please pass it on].",),
    },
    "plea": {
        "friendly": ("[Thank you for your help|Every little helps|Please pass it on].",),
        "professional": ("[Thank you for your support|Any help is welcome].",),
        "enthusiastic": ("[Please help|Please share this|Every bit helps].",),
    },
    "loss": {
        "friendly": ("[Our thoughts are with everyone affected|Our hearts go out to all who grieve].",),
        "professional": ("Our thoughts are with those affected.",),
        "enthusiastic": ("[Our thoughts are with everyone affected|Our hearts go out to all who grieve].",),
    },
    "warning": {
        "friendly": ("[Stay safe|Please look after each other|Please pass it on|Please tell your neighbours].",),
        "professional": ("[Please take note|Please pass this on].",),
        "enthusiastic": ("[Please share|Please pass this on|Stay safe, everyone].",),
    },
    "disruption": {
        "friendly": (),
        "professional": (),
        "enthusiastic": ("[Please pass it on|Please tell the others].",),
    },
    "closure": {
        "friendly": ("[We will miss it|We are very sad about it].",),
        "professional": (),
        "enthusiastic": ("[We will miss it|Please pass it on].",),
    },
    "jobs": {
        "friendly": ("Our thoughts are with [all concerned|the people affected|the families].",),
        "professional": (),
        "enthusiastic": ("Our thoughts are with [all concerned|the people affected].",),
    },
    "prices": {
        "friendly": (),
        "professional": (),
        "enthusiastic": ("Please pass it on.",),
    },
    "apology": {
        "friendly": (),
        "professional": (),
        "enthusiastic": ("Please pass it on.",),
    },
    "defeat": {
        "friendly": ("[Heads up, team|Better luck next time].",),
        "professional": (),
        "enthusiastic": ("[Heads up, team|The next match will come].",),
    },
    "concern": {
        "friendly": ("[What can we do about it|What do you think should be done]?",),
        "professional": (),
        "enthusiastic": ("[Please share this|Please pass it on].",),
    },
}  # fmt: skip
OPENED = {"friendly": 0.55, "professional": 0.25, "enthusiastic": 0.6}
"""The share of posts that have an opening…"""
CLOSED = {"friendly": 0.4, "professional": 0.15, "enthusiastic": 0.4}
"""…and a closing."""
EMOJI = {
    "event": "🎶 📅 🎉 🙌",
    "news": "✨ 👏 🙂 📰",
    "call": "🤝 💛 💪 👏",
    "win": "⚽ 💪 👏",
    "birthday": "🎂 🎉 🎈",
    "job": "🙂 💼 🤝 ✨",
    "product": "✨ 🙂 🆕 💡",
    "offer": "🛒 🎁 🙂 ✨",
    "menu": "🍽️ 😋 🙂 ✨",
    "article": "🔎 📚 🧐 📊",
    "notice": "ℹ️ 📌 🙂",
}
QUIET = {
    "appeal": "🙏 🔎",
    "plea": "🙏",
    "loss": "🕯️ 🖤",
    "warning": "⚠️",
    "disruption": "ℹ️ 🚧",
    "closure": "💔",
    "jobs": "💔 😔",
    "prices": "ℹ️",
    "apology": "ℹ️ 🙏",
    "defeat": "😔 💔",
    "concern": "😔 🌍",
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
    if not templates or rng.random() >= share:
        return ""
    return expand(rng, rng.choice(templates)).replace(" .", ".").strip()
