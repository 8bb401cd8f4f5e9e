"""Phrases that any text may use: topics with their hashtags, hooks and greetings, fillers, and sentences that state a fact.

Template language: see `texts`. The fillers' slots are random words; a post takes over one of them at most.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A subject: ways to name it, and its hashtags."""

    tags: tuple[str, ...]
    phrases: tuple[str, ...]


def _topic(tags: str, phrases: str) -> Topic:
    return Topic(tuple(tags.split()), tuple(phrases.split("; ")))


TOPICS = (
    _topic(
        "#Gardening #Plants",
        "[urban|small|wild|organic] gardening; growing [vegetables|herbs|roses|tomatoes]; [garden|balcony] plants; seeds and soil",
    ),
    _topic(
        "#Music #LiveMusic",
        "[live|folk|chamber|electronic] music; [jazz|rock|piano|guitar|violin] music; songs and choirs; young bands",
    ),
    _topic(
        "#Books #Reading",
        "[new|old|children's|crime] books; reading and writing; [short stories|novels|poetry]; [young|local] authors",
    ),
    _topic(
        "#Science #Research",
        "science [for everyone|and discovery]; [physics|chemistry|biology]; [laboratory|field] research; stars and planets",
    ),
    _topic(
        "#Tech #Software",
        "[open source|free|modern] software; programming; [web|mobile] apps; data and algorithms; [small|fast] computers",
    ),
    _topic("#Cycling #Bikes", "cycling; [electric|city|cargo] bikes; bicycle repair; safe cycle routes"),
    _topic(
        "#Food #Cooking",
        "[home|vegan|local|slow] cooking; [street|seasonal|local] food; bread and cheese; soups and spices",
    ),
    _topic(
        "#Art #Culture",
        "[modern|abstract|street] art; painting and drawing; [local|young] artists; sculpture and print",
    ),
    _topic(
        "#History #Heritage",
        "local history; [Roman|medieval|industrial] history; old maps and letters; historic buildings",
    ),
    _topic(
        "#Climate #Environment",
        "climate protection; [clean|renewable] energy; waste and recycling; [rivers|forests] and wildlife",
    ),
    _topic("#Sport #Fitness", "sport and health; [running|swimming|climbing]; [women's|youth] sport; team sport"),
    _topic("#Kids #Family", "games for children; family activities; toys and puzzles; [crafts|stories] for kids"),
    _topic(
        "#Health #Wellbeing",
        "[mental|public|heart] health; sleep and rest; [yoga|walking] and wellbeing; nursing and care",
    ),
    _topic(
        "#Education #Learning",
        "[adult|early|digital] learning; [schools|teachers] and pupils; languages; [maths|reading] skills",
    ),
    _topic(
        "#Photography #Film",
        "[street|nature|portrait] photography; [short|silent|documentary] films; cameras and light",
    ),
    _topic("#Crafts #Handmade", "[pottery|knitting|weaving]; handmade [lamps|gifts|clothes]; wood and leather; sewing"),
    _topic(
        "#Travel #Outdoors",
        "[slow|train|night] travel; [mountain|coastal|forest] walks; camping; trips by [train|boat]",
    ),
    _topic("#Business #Startups", "small businesses; [young|local] companies; start-ups; [markets|trade] and money"),
    _topic("#Space #Astronomy", "astronomy; telescopes; the night sky; rockets and satellites"),
    _topic("#Animals #Wildlife", "[birds|bees|bats|owls]; [rescue|farm] animals; dogs and cats; [river|sea] wildlife"),
    _topic("#Design #Architecture", "[good|green|simple] design; architecture; [wooden|public] buildings; furniture"),
    _topic("#Coffee #Tea", "[fresh|fair|good] coffee; coffee and cake; tea from [small|mountain] farms"),
    _topic("#Theatre #Dance", "[puppet|street|youth] theatre; [modern|folk] dance; comedy; plays and players"),
    _topic("#Robotics #AI", "robots; machine learning; [smart|tiny] machines; artificial intelligence"),
    _topic("#Games #Chess", "chess; board games; video games; cards and puzzles"),
    _topic("#Transport #Mobility", "[buses|trams|trains]; public transport; ferries and harbours; electric cars"),
    _topic(
        "#Volunteering #Charity", "volunteering; food banks; help for [neighbours|older people|refugees]; charity work"
    ),
    _topic("#Housing #City", "affordable homes; city planning; [parks|streets|squares] for people; housing"),
)

HOOKS = (
    "Have you ever [wondered|asked yourself] how to {vp}?",
    "[Looking|Hoping] to {vp}?",
    "[Great|Good|Exciting|Big|Happy] news[!| for everyone who likes to {vp}.]",
    "What [could|would] you do with {np}?",
    "It has been a [long|busy|quiet|difficult] [year|month|season|week].",
    "Tired of {np2}?",
    "[Some|A few|Three] things [are|were] worth the wait.",
    "[As you may know|As many of you know], we [want|like] to {vp}.",
    "[Thank you|Thanks] for your [patience|support|letters|questions].",
    "I [hope|trust] this [email|letter|note] finds you well.",
    "We are [writing|happy] to tell you something.",
)
GREETINGS = (
    "Dear [all|members|friends|neighbours|parents|colleagues|residents|readers|customers|team],",
    "[Hi|Hello|Hey] [all|everyone|there|team|folks],",
    "Good [morning|evening] [all|everyone],",
    "To [all|our] [members|staff|residents]:",
)
SIGN_OFFS = (
    "[Best|Kind|Warm] [regards|wishes],\n{person}",
    "[Yours|Thanks|Cheers|Many thanks],\n[{person}|{first}]",
    "[See you soon|All the best],\n{first}",
    "\u2014 {person}",
)
CLOSING_NOTES = (
    "[For more information|More information|Details|For details][: | visit | see ]{site}",
    "[Contact|Questions|Write to|Media contact]: {mail}",
    "[Call|Phone|Tel.]: {phone}",
    "[Book|Register|Sign up|Buy] [at|on] {site}.",
    "[Questions|Any questions]? [Write to|Ask us at|Email] {mail}.",
    "https://{site}/[news|events|info]",
    "About {org}: {org} [helps people to|was founded to] {vp2}.",
)

APPOSITIONS = (
    "a {adj2} {noun2} [in|near|from] {town2}",
    "which [helps people to|was made to|likes to] {vp3}",
    "[founded|opened|built|started] in {year3}",
    "the {noun2} of {np3}",
    "[known|famous] for {np3}",
    "one of the {adj2} {nouns2} [in|of] {town2}",
    "[run|led|made] by {person2}",
    "formerly {org2}",
    "a {noun2} [for|about|with] {np3}",
)
LEAD_INS = (
    "According to {person2},",
    "In {town2},",
    "This week,",
    "It is official:",
    "We are [pleased|happy|proud|delighted] to [announce|say|share|report] that",
    "I wanted to let you know that",
    "[Just a|A quick] reminder that",
    "{person2} [told us|writes|confirmed] that",
    "From {town2} to {town3},",
    "In [the heart|the north|the middle] of {town2},",
    "After {np3} and {np4},",
    "As [part|a result] of {np3},",
    "[Today|Yesterday|Last night|On Monday],",
    "For the first time [in {year3}|in years],",
    "With {np3},",
)
TRAILERS = (
    ", {person2} [said|told {org2}|announced]",
    ", the {noun2} said",
    ", which [means|brings|needs] {np3}",
    ", and [everyone|nobody] [wanted|tried] to {vp3}",
    " to {vp3}",
    " together with {org2}",
    " - the [first|second|largest] in {town2}",
    ", as {np3} [showed|did]",
    " despite {np3}",
)

TAILS = (
    " and {vp3} and {vp4}",
    ", and {np3} can {vp3}",
    ", [where|because|while|so that] {np3} [was|is|will be] {adj2} and {np4} [was|is] {adj}",
    " for {np3}, {np4} and {np2}",
    " {salad} {salad2}",
    ", which {salad}, {salad2}",
    " after {np3} {salad} and {np4} {salad2}",
    ", [although|as] {person2} [wanted|had asked|planned] to {vp3}",
)
"""Ends of a long sentence: a short post cuts them off."""

HEADINGS = (
    *("NEWS", "PRESS RELEASE", "Press release", "NOTICE", "Announcement", "UPDATE", "For immediate release"),
    *("INVITATION", "Newsletter", "Breaking", "Info"),
)

EMOJI = tuple("😀😊🎉🔥👍🙏💚🎶⭐📢🥳🌍")

JOBS = """
director|manager|chair|head teacher|founder|owner|organiser|curator|chief executive|spokesperson|coach|
secretary|mayor|head of research|project lead|librarian|conductor|treasurer|designer|chief engineer|coordinator|
professor|captain
""".replace("\n", "").split("|")

FILLERS = (
    "{salad}.",
    "{salad} {salad}.",
    "{org} {salad}.",
    "{person} {salad}.",
    "[Many|Some|Most|Few] {nouns} {adverb} {verb} {np}.",
    "It is [not|] [easy|hard|useful|common] to {vp}.",
    "{np} [can|could|may|might|will] {adverb} {vp}.",
    "[Last year|In {year}|Years ago|Back in {year}], {np} [was|became] {adjective} and {adjective}.",
    "[People|Visitors|Residents|Readers|Members|Customers|Children] [often ask|want to know|like to hear] how to {vp}.",
    "There [is|was] {np} [in|near|behind|beside|beyond] {np}.",
    "[Nobody|Everybody|Someone] [had to|wanted to|tried to] {vp}.",
    "[The|This|That|Every] {adjective} {noun} [needs|means|brings|shows|keeps] {np}.",
    "{np} and {np} [are|were] {adjective}.",
    '"[We|I|They] [hope|want|plan|love|need] to {vp}," said {person}(, {job} at {org}).',
    "[According to|As told by] {person}, {np} [is|was|will be] {adjective}.",
    "{org} [supports|sponsors|follows|knows] {np}.",
    "In {place}, {np} [is|was] {adverb} {adjective}.",
    "[The|Their] {noun} has {number} {nouns}(, {number} more than before).",
    "If you {vp}, {vp}.",
    "[Please|Do not forget to|Remember to] {vp}.",
    "[Meanwhile|However|For now|Besides|In addition], {np} [will|can] {vp}.",
    "[Our|The] {noun}, [once|now|long] {adjective}, [is|was] [part|the heart] of {np}.",
    "Why [would|should|do] {nouns} {vp}?",
    "[From|Between] {np} [to|and] {np}, there [is|was] {np}.",
    "{person} [has|had] [always wanted|tried for years] to {vp}.",
    "[Photo|Picture|Image]: {person}.",
    "[Tea|Coffee|Lunch|Cake|Water|Soup] [is|will be] [available|served] [in|at] {place}.",
)

FACT_SENTENCES: dict[str, tuple[str, ...]] = {
    "date": (
        "{salad} {when}.",
        "[It|They|We|She|Runners|Guests] {salad} {when}, {salad2}.",
        "{When}, {salad}.",
        "It [starts|begins|takes place|happens|is planned|is set for] {when}.",
        "{When}, [the doors open|everything begins|it all starts].",
        "Date: {date}.",
        "When: {date}.",
        "[The date|The day]( to remember) is {date}.",
        "[Save|Note|Mark] the date: {date}.",
        "[Everything|It all] [starts|begins] {when}( at {time}).",
        "[It is|This is] [set|planned|fixed|confirmed] for {date}.",
        "The [big|great|first] day [is|comes] {when}.",
        "[We|They|Visitors|Members] [meet|start|leave|set off|come together] {when}( at {time})( [in|at] {place}).",
        "{When}, [people|we|they|visitors|everyone] [can|will] {vp}.",
        "[They|She|It|We|The team|The {noun}] [will|can|hopes to|plans to] {vp} {when}.",
        "[She|He|It|{person}] [takes over|begins|arrives|returns] {when}( from {person2}).",
        "[The {noun}|Work|Booking|Sale] [starts|begins|ends|closes] {when}( and {vp}).",
        "[Send|Bring|Book] [it|yours|a {noun}] [by|before|until] {date}.",
        "[It|The {noun}] runs [from|until] {date}( with {np}).",
        "[Until|From|Before|After] {date}, [the {noun}|it] [is|will be] {adj}.",
    ),
    "price": (
        "{salad} {price}.",
        "[It|They|I|One] {salad} {price} {salad2}.",
        "[It costs|The price is|Tickets are|Entry is|One costs] {price}.",
        "Price: {price}.",
        "[Tickets|Places|Entry|Copies] cost {price}( each).",
        "The [full|starting|final] price [is|will be] {price}.",
        "The [fee|price|ticket] is {price}( and covers {np}).",
        "[I|We|They] [paid|spent|gave] {price} [for|on] {np}.",
        "[For|With|At] {price}, [it|this] is {adj}( and {adj2}).",
        "[It|That|The {noun}] [feeds|costs|needs] {np} for [about|] {price}.",
        "[A|One|The] {noun} costs {price}( and {vp}).",
    ),
    "percent": (
        "{salad} {percent} {salad2}.",
        "[The share|The figure|The change|The rate] is {percent}.",
        "[That is|This means] [an increase|a rise|a drop|a saving] of {percent}.",
        "In all, {percent} of [people|users|members|visitors] [agree|took part|said yes].",
        "[About|Only|Nearly] {percent} [of it|of them|of the {noun}] [is|was|were] {adj}.",
        "[People who|Those who] {vp} [did|were|slept] {percent} [better|more]( than {np}).",
        "[It|The {noun}] [turns|uses|loses|saves] {percent} of {np}.",
    ),
    "money": (
        "{salad} {money} {salad2}.",
        "{salad} {money}.",
        "[The total|The sum|The amount|The result] is {money}.",
        "[So far|In all|Altogether], {money} [was|has been] [raised|collected|given|spent].",
        "The budget is {money}.",
        "[It|The {noun}|The town] [gets|received|gives|pays] {money}( to {vp}).",
        "[Together|In one day|Last year] [we|they|it] [raised|saved|lost|earned] {money}( for {np}).",
        "The [grant|prize|gift|loan] of {money} [will pay for|goes to] {np}.",
    ),
    "number": (
        "{salad} {number} {salad2}.",
        "[It|There|They] {salad} {number} {nouns}.",
        "[In all|Altogether|So far], {number} [people|visitors|members|families|children] [took part|joined|came|signed up].",
        "There [are|will be] {number} [places|seats|copies|stands|rooms|prizes].",
        "[It|She|The {noun}|The club] [has|counts|carries|feeds|holds|needs] {number} {nouns}( and {np}).",
        "[About|Over|Some|Nearly] {number} [people|of them|{nouns}] [are|were|came] {adj}.",
        "[Places|Tickets|Seats] are limited to {number}( because of {np}).",
        "[Each|Every] {noun} [gets|has|needs] {number} {nouns2}.",
        "[The number|The total] is {number}.",
    ),
    "measure": (
        "{salad} {measure} {salad2}.",
        "[In all|Altogether], [it is|that is|it comes to] {measure}.",
        "[The figure|The record|The result] is {measure}.",
        "It [takes|needs|covers|measures] {measure}.",
        "It [weighs|is|measures] [just|about|only|] {measure}( and {vp}).",
        "[You need|Take|They found|We used] {measure} of {noun}(, {np} and {np2}).",
        "[The {noun}|The path|The whole thing] is {measure} [long|high|away|deep]( and {adj}).",
    ),
    "year": (
        "{salad} {year}, {salad2}.",
        "It [began|started|all started|goes back] in {year}.",
        "That was in {year}.",
        "The year [was|is] {year}.",
        "[They|We|It] [has been|have been] [here|open|there] since {year}( with {np}).",
        "In {year}, [the town|they|people] [voted|decided|began] to {vp}.",
        "It was [made|built|opened] in {town2} in {year}.",
    ),
    "score": ("The [final|] score was {score}.", "It ended {score}.", "[Result|Score]: {score}."),
}
