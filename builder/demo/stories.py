"""What the texts are about: kinds of news with their sentences and retellings, and topics with their hashtags.

Template language: see `texts`. In `leads` and `details` a part in (round brackets) is left out of a short retelling.
`bodies` are the retellings in a post's own words; one is usable when the text states every slot it names.
"""

from __future__ import annotations

from dataclasses import dataclass

NAMED = ("event", "company", "product", "person")


@dataclass(frozen=True)
class Kind:
    """One kind of news. `facts` are the candidates for its main date or number ("none" for a text without one)."""

    name: str
    group: str
    weight: float
    names: tuple[str, ...]
    facts: tuple[str, ...]
    tags: tuple[str, ...]
    leads: tuple[str, ...]
    details: tuple[str, ...]
    bodies: tuple[str, ...]
    topical: bool = True


@dataclass(frozen=True)
class Topic:
    """A subject: ways to name it, and its hashtags."""

    tags: tuple[str, ...]
    phrases: tuple[str, ...]


def _topic(tags: str, phrases: str) -> Topic:
    return Topic(tuple(tags.split()), tuple(phrases.split("; ")))


TOPICS = (
    _topic("#Gardening #Plants", "[urban|small|wild|organic] gardening; growing [vegetables|herbs|roses|tomatoes]; [garden|balcony] plants; seeds and soil"),
    _topic("#Music #LiveMusic", "[live|folk|chamber|electronic] music; [jazz|rock|piano|guitar|violin] music; songs and choirs; young bands"),
    _topic("#Books #Reading", "[new|old|children's|crime] books; reading and writing; [short stories|novels|poetry]; [young|local] authors"),
    _topic("#Science #Research", "science [for everyone|and discovery]; [physics|chemistry|biology]; [laboratory|field] research; stars and planets"),
    _topic("#Tech #Software", "[open source|free|modern] software; programming; [web|mobile] apps; data and algorithms; [small|fast] computers"),
    _topic("#Cycling #Bikes", "cycling; [electric|city|cargo] bikes; bicycle repair; safe cycle routes"),
    _topic("#Food #Cooking", "[home|vegan|local|slow] cooking; [street|seasonal|local] food; bread and cheese; soups and spices"),
    _topic("#Art #Culture", "[modern|abstract|street] art; painting and drawing; [local|young] artists; sculpture and print"),
    _topic("#History #Heritage", "local history; [Roman|medieval|industrial] history; old maps and letters; historic buildings"),
    _topic("#Climate #Environment", "climate protection; [clean|renewable] energy; waste and recycling; [rivers|forests] and wildlife"),
    _topic("#Sport #Fitness", "sport and health; [running|swimming|climbing]; [women's|youth] sport; team sport"),
    _topic("#Kids #Family", "games for children; family activities; toys and puzzles; [crafts|stories] for kids"),
    _topic("#Health #Wellbeing", "[mental|public|heart] health; sleep and rest; [yoga|walking] and wellbeing; nursing and care"),
    _topic("#Education #Learning", "[adult|early|digital] learning; [schools|teachers] and pupils; languages; [maths|reading] skills"),
    _topic("#Photography #Film", "[street|nature|portrait] photography; [short|silent|documentary] films; cameras and light"),
    _topic("#Crafts #Handmade", "[pottery|knitting|weaving]; handmade [lamps|gifts|clothes]; wood and leather; sewing"),
    _topic("#Travel #Outdoors", "[slow|train|night] travel; [mountain|coastal|forest] walks; camping; trips by [train|boat]"),
    _topic("#Business #Startups", "small businesses; [young|local] companies; start-ups; [markets|trade] and money"),
    _topic("#Space #Astronomy", "astronomy; telescopes; the night sky; rockets and satellites"),
    _topic("#Animals #Wildlife", "[birds|bees|bats|owls]; [rescue|farm] animals; dogs and cats; [river|sea] wildlife"),
    _topic("#Design #Architecture", "[good|green|simple] design; architecture; [wooden|public] buildings; furniture"),
    _topic("#Coffee #Tea", "[fresh|fair|good] coffee; coffee and cake; tea from [small|mountain] farms"),
    _topic("#Theatre #Dance", "[puppet|street|youth] theatre; [modern|folk] dance; comedy; plays and players"),
    _topic("#Robotics #AI", "robots; machine learning; [smart|tiny] machines; artificial intelligence"),
    _topic("#Games #Chess", "chess; board games; video games; cards and puzzles"),
    _topic("#Transport #Mobility", "[buses|trams|trains]; public transport; ferries and harbours; electric cars"),
    _topic("#Volunteering #Charity", "volunteering; food banks; help for [neighbours|older people|refugees]; charity work"),
    _topic("#Housing #City", "affordable homes; city planning; [parks|streets|squares] for people; housing"),
)

HOOKS = (
    "Have you ever [wondered|asked yourself] how to {vp}?", "[Looking|Hoping] to {vp}?", "[Great|Good|Exciting|Big|Happy] news[!| for everyone who likes to {vp}.]",
    "What [could|would] you do with {np}?", "It has been a [long|busy|quiet|difficult] [year|month|season|week].", "Tired of {np2}?",
    "[Some|A few|Three] things [are|were] worth the wait.", "[As you may know|As many of you know], we [want|like] to {vp}.",
    "[Thank you|Thanks] for your [patience|support|letters|questions].", "I [hope|trust] this [email|letter|note] finds you well.", "We are [writing|happy] to tell you something.",
)
GREETINGS = ("Dear [all|members|friends|neighbours|parents|colleagues|residents|readers|customers|team],", "[Hi|Hello|Hey] [all|everyone|there|team|folks],", "Good [morning|evening] [all|everyone],", "To [all|our] [members|staff|residents]:")
SIGN_OFFS = ("[Best|Kind|Warm] [regards|wishes],\n{person}", "[Yours|Thanks|Cheers|Many thanks],\n[{person}|{first}]", "[See you soon|All the best],\n{first}", "\u2014 {person}")
CLOSING_NOTES = (
    "[For more information|More information|Details|For details][: | visit | see ]{site}", "[Contact|Questions|Write to|Media contact]: {mail}", "[Call|Phone|Tel.]: {phone}",
    "[Book|Register|Sign up|Buy] [at|on] {site}.", "[Questions|Any questions]? [Write to|Ask us at|Email] {mail}.", "https://{site}/[news|events|info]", "About {org}: {org} [helps people to|was founded to] {vp2}.",
)

DETAILS = (
    "\"[We are|I am] [very|so|really] [happy|proud|excited] [about this|to {vp}],\" [said|says] {person}(, {job} at {org}).",
    "\"[This|It] will [help|allow] [people|us|everyone] to {vp},\" [said|explained] {person}(, {job}).",
    "[Visitors|Guests|People|Families|Members] can {vp}[.| and {vp2}.]", "[Expect|Look forward to|The programme has] {np}[.| and {np2}.]",
    "[The team|The group|The club|The project] [wants|plans|hopes|will try] to {vp}.", "[It|The project] is [supported|sponsored|organised] by {org}.",
    "[More|Further] [details|news|information] will follow [soon|later|next week].", "[The idea|The plan|The project] came from {person}(, who likes to {vp}).",
    "[Children|Students|Members|Beginners] are [also|very|always] welcome.",     "{name} [has|needs|offers|brings|uses|found] {np}( and {np2}).", "{name} [also|now|still] [wants|plans|tries|hopes] to {vp}.", "[At|With|For] {name}, [people|we|visitors|children] can {vp}.", "[We|I|They] [like|love|trust|know] {name} because of {np}.",
    "[Before|Until now|For years], {name} [was|had been] {adj}.", "\"{name} [is|was] [very|really|so] {adj},\" [says|said] {person}.", "[Those who|People who|If you] know {name} will [not|] be surprised.", "{person} [helped|asked|told|thanked] {name}( for {np}).",
    "{name} [is|was] [not|] [far from|close to|part of|next to] {place}.", "[Nothing|Little|Much] [has changed|will change] [at|for] {name}.", "[He|She|It|They] [will|can|could] [then|also|even] {vp}( with {np2}).", "[One|Each|Half] of them [is|was] {adj}.",
    "[The old|The first|Another] {noun} [was|is] [too|very|quite] {adj}.", "[In the end|At first|Luckily|Of course|Sadly|By then], {np} [was|is] {adj}.", "[There is|There was|You will find] {np} [and|or] {np2}.", "[It|That] [took|cost|lasted] longer than {np}.", "[Please|Just|Simply] {vp} [before|after|when] you {vp2}.",
    "[We|I] [had|have|saw|heard] {np}, [but|and|so] [we|I] [did not|could not|had to] {vp}.", "[You|Guests|Readers] [do not need|need] {np}.", "[Sorry|Apologies] for the [short notice|trouble|delay|noise].", "[This|It] is [the first|the last|the only|a rare] {noun} [of its kind|this year|in {town2}].",
    "[Everyone|Anyone|Nobody] who [likes|wants|knows] {np} [should|can] {vp}.", "[Tell|Ask|Bring] [your|a] [friends|family|neighbours|colleagues].", "[Her|His|Its|Their] {noun} [is|was] [known|famous] for {np}.", "[Not bad|Not easy|Quite a lot|No wonder] for {np}.", "\"{np}[!|.|,]\" [was the answer|he said|she laughed|they called].",
"[No|Little] experience is needed.", "[It|This] was made possible by {np} and {np2}.",
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("event", "event", 3.0, ("event",), ("date",), ("#Event", "#Events", "#WhatsOn", "#SaveTheDate"), (
        "{name} [takes place|will take place|is held|starts|begins|opens] {when}( at {time}) [in|at] {place}.", "{When}, {name} [comes|returns] to {place}( with {np}).",
        "[Join|Come and join|Visit] us for {name} {when} at {place}(, from {time}).", "(After [a long break|months of planning|last year's success],) {name} [returns|is back] {when}.",
        "[The|Our] [annual|yearly|next|first] {name}, [all about|devoted to|a day of] {topic}, [takes place|will be held] {when} [at|in] {place}.",
        "{name} is [a|our] [new|yearly|small|big] [event|gathering] [about|on|for] {topic}.", "{place} will host {name} {when}(, the [town|area]'s [biggest|oldest] event).",
        "[We|The organisers] are [happy|pleased|proud] to [announce|present] {name}, [an event|a celebration|days] of {topic}.", "You are [warmly|] invited to {name} {when}( at {time}) [at|in] {place}.",
        "[Tickets|Registration] for {name} [are|is] now open(, said {person}).", "This year's {name} [is|will be] [all about|about] {topic}.", "[Mark your calendars|Save the date]: {name} is {when}.",
        "{name}: {when}, {time}, {place}.", "{org} [invites|welcomes] [everyone|all|you] to {name} {when}.", "[Everything|All] is ready for {name}(, which [opens|starts] at {time}) {when}."),
        ("[Tickets|Places|Day passes] [cost|are] {price}( [at the door|online|per person]).", "Admission is {price}(; children [free|half price]).", "[Entry|Admission] is free( for [members|children|everyone]).",
         "[Doors open|The programme starts|It starts] at {time}.", "The [venue|place] is {place}.", "[There is|We have] room for {number} [guests|visitors|people].", "[Last year|In {year2}] {number2} people came.",
         "[Speakers|Guests|Artists] include {person}(, {job} of {org}).", "[The theme|The topic] is {topic}.", "[Highlights|The programme] include {np} and {np2}.", "Location: {place}.", "Price: {price}.", "Time: {time}.", "Bring {np}."),
        ("{name} [is coming|takes place|is on|happens] {when} [in|at] {place}.", "[Join us|Come along|See you] for {name} {when}.", "{name} is [nearly|almost] here: {when} at {place}.", "[Don't miss|Come to|Mark your calendar for] {name} {when}[!|.]",
         "{name}, {when}: [all about|a celebration of] {topic}.", "{name} brings {topic} to {place} {when}.", "{name} is all about {topic}.", "[Save the date|Mark the day]: {name}, {date}.", "{name} [starts|begins] {when} at {time}.")),
    Kind("workshop", "event", 1.3, ("event", "company"), ("date", "price"), ("#Workshop", "#Learning", "#Course"), (
        "{name} offers a [free|new|two-day|short|hands-on] [workshop|course|class] on {topic} {when}.", "Learn [all|more] about {topic} [with|at] {name} {when}( from {time}).", "{name} [runs|gives|starts] a [course|class|workshop] [on|in|about] {topic}.",
        "{When}, {name} will [show|teach] [beginners|people|you] how to {vp}.", "[Do you want|Want] to {vp}? {name} will [show|teach] you {when}.", "[Places|Seats] are [still|now] [free|open] for the {topic} course at {name}.",
        "[A|The] [workshop|class] by {name} costs {price}( and [includes|comes with] {np}).", "For {price}, {name} [teaches|shows] you how to {vp}."),
        ("The [course|class|workshop] costs {price}.", "It [lasts|takes] {duration}.", "The [group|class] is [limited to|no larger than] {number} people.", "[The teacher|The trainer] is {person}(, {job} of {org}).", "We meet at {place}( at {time}).", "All [materials|tools] are [included|provided].", "[Starts at|Time:] {time}."),
        ("Learn about {topic} with {name} {when}.", "{name} teaches {topic} {when}.", "{name} shows you how to {vp} {when}.", "{name} has a [workshop|class] on {topic}: {when}.", "{topic} [workshop|class] at {name} for {price}.", "New at {name}: a course on {topic}.")),
    Kind("opening", "news", 1.5, ("company",), ("date",), ("#Opening", "#NewInTown", "#LocalNews"), (
        "{name} [opens|will open|is opening] [its doors|] {when} [in|at] {place}.", "{name}, [a|the] new [home|place] for {topic}, [opens|will open] {when}.", "{When}, {name} will open [in|at] {place}( after {duration} of work).",
        "[A new|Another] [place|shop|space] for {topic}: {name} [is opening|opens] in {town}.", "(After [two|three|many] years of [work|planning],) {name} [finally opens|is ready to open] {when}.", "{name} has [opened|moved to] [a new site|new rooms] [in|at] {place}.",
        "[Residents|People] of {town} can [soon|at last] visit {name}, which opens {when}.", "The [first|new] {name} [branch|house] in {town} [opens|is planned] {when}."),
        ("[It|The building] [offers|has] room for {number} [guests|people|books].", "[The building|The work] cost {money}.", "[Opening hours are|Open] {time}.", "[It is run|The team is led] by {person}.", "The [first|opening] day [starts|begins] at {time}.", "[It|The place] [is|lies] [at|in] {place}.", "[It|There] creates {number} jobs."),
        ("{name} opens {when} in {town}.", "{name} opens its doors {when}.", "{name} opens {when} at {place}.", "New in {town}: {name}, opening {when}.", "A new place for {topic}: {name} opens {when}.", "{name} is now open [in|at] {place}.")),
    Kind("launch", "product", 2.2, ("product",), ("date", "price"), ("#Launch", "#NewProduct", "#NewRelease"), (
        "{org} [today|] [announced|presents|has launched|introduces] {name}, [a|the] {adj} {noun}( [for|that helps to] {np}).", "{name} is [a|the] {adj} [new|] {noun} that [helps you|lets you|makes it easy to] {vp}.", "{name} [is|will be] available {when}( for {price}).",
        "[Meet|Say hello to|Introducing] {name}, [our|the] [new|latest] {noun} [for|made for] {topic}.", "{name} [costs|sells for|starts at] {price}( and [comes|ships] with {np}).", "The [new|latest] {name} [ships|arrives|goes on sale] {when}.", "{When}, {org} will [release|launch|show] {name}(, its {adj} {noun}).",
        "With {name}, [you can|anyone can|teams can] {vp}.", "[Our|The] team has [built|made] {name} to {vp}.", "[Orders|Pre-orders] for {name} open {when}(, {org} said).", "At {price}, {name} is [a|the] {adj} {noun}( for {np})."),
        ("[It|The device] weighs {measure}.", "[It costs|The price is|It sells for] {price}.", "[It|The {noun}] comes in {number} colours.", "[It|The app] [can|helps to|lets you] {vp}.", "The battery lasts {duration}.", "[The first|In tests,] {number} [users|customers] [were|are] [happy|satisfied].", "Price: {price}.", "It was [designed|built|tested] by {person}.", "[It|The product] [includes|has|comes with] {np} and {np2}."),
        ("{name} is here: a {adj} {noun}.", "{name} by {org} helps you {vp}.", "Meet {name}, [available|out] {when}.", "{name} [is out|arrives] {when}.", "{name} costs {price}.", "{name} for {price}: {vp} with ease.", "{org} presents {name}.", "With {name} you can {vp}.", "Meet {name}: {adj}, for {price}."), topical=False),
    Kind("release", "product", 1.2, ("product",), ("date", "number", "percent"), ("#Software", "#Update", "#Release"), (
        "{name} is [out|now available|released].", "[Version|Release] notes: {name} [adds|brings|fixes] {np} and {np2}.", "{name} [comes|ships|was released] {when}( with {np}).", "[We|The team] [released|shipped|published] {name} {when}.", "{name} [fixes|closes] {number} [bugs|issues](, and adds {np}).",
        "{name} [is|runs] {percent} [faster|smaller|lighter] than [before|the last version].", "[The|Our] {adj} {noun} [tool|app] {name} now [lets you|helps you] {vp}.", "[Today's|The new] [update|release] of {name} makes it [easier|faster] to {vp}."),
        ("[It|The update] [adds|brings|contains] {np}.", "[It|This version] fixes {number} [bugs|issues|problems].", "[Loading|Searching|Starting] is now {percent} faster.", "[Thanks to|Special thanks to] {person}( for {np}).", "The download [is|has] {measure}.", "[Users|Developers] should [update|upgrade] [now|soon].", "Support for {np} [was removed|has ended]."),
        ("{name} is out with {np}.", "{name} is out: now you can {vp}.", "{name} fixes {number} issues.", "{name} is {percent} better.", "{name} [arrives|is out] {when}.", "Update: {name} brings {np}.", "{name} is [here|available now]."), topical=False),
    Kind("sale", "offer", 1.2, ("company",), ("percent", "price", "date"), ("#Sale", "#Offer", "#Deals", "#ShopLocal"), (
        "{name} [gives|offers|has] {percent} off [all|every|its] {noun}s( {when}).", "[Until|From] {date}, {name} [has|offers] {np} [at a lower price|for less].", "{name} [sells|has] {adj} {noun}s [for|from] [only|just|] {price}.", "[This week|Now|Today] at {name}: {noun}s for {price}( instead of {money}).",
        "[Save|Get] {percent} [at|with] {name}( on {np}).", "The {name} [sale|summer sale|winter sale] [starts|begins] {when}.", "[Everything|All] at {name} is {percent} cheaper.", "{name} has a [special|small] offer on {noun}s."),
        ("[The offer|The sale] [ends|runs|is valid] [soon|this week|while stocks last].", "[Shipping|Delivery|Coffee] is free.", "You find us [in|at] {place}.", "The shop is open {time}.", "[Members|Students] [save|pay] {percent} [more|less].", "[Each|One] {noun} costs {price}.", "[Use|Enter] the code {noun}{number}."),
        ("{percent} off at {name}!", "{name} has {noun}s for {price}.", "Save {percent} at {name}.", "{name}: {noun}s from {price}.", "The {name} sale starts {when}.", "{name} has {percent} off {when}.", "A [special|little] offer from {name}."), topical=False),
    Kind("jobs", "call", 1.2, ("company", "event"), ("date", "number"), ("#Jobs", "#Hiring", "#Volunteer", "#JoinUs"), (
        "{name} [is looking for|seeks|needs] {number} [volunteers|helpers|trainees|drivers|teachers|nurses|engineers](, to {vp}).", "{name} [is hiring|is recruiting] [a|an] {job}( [in|at] {place}).", "[Can you|Do you like to] {vp}? {name} [is looking for|needs] [people|you|help].", "[Apply|Applications] [to|for] {name} [until|by|before] {date}.",
        "{name} has {number} [open|free] [positions|jobs|places]( in {town}).", "[Volunteers|Helpers|Members] wanted: {name} needs [people|help] to {vp}.", "{name} [invites|asks] [artists|writers|students|schools] to [apply|take part] by {date}."),
        ("[The pay is|We pay] {price} [an hour|per hour].", "[The job|Work] is in {town}.", "[You|Candidates|Helpers] should [be able to|like to] {vp}.", "[The deadline|Closing date] is [near|soon].", "[It takes|The work takes] about {measure} [a week|].", "[Write|Send] [to {person}|a letter to {person}]."),
        ("{name} is looking for {number} people.", "{name} needs [your help|you].", "{name} is hiring in {town}.", "Apply to {name} by {date}.", "{name} is hiring a {job}.", "Want to {vp}? {name} needs you.", "{name} has {number} open places."), topical=False),
    Kind("person", "news", 1.6, ("person",), ("date", "year", "number", "none"), ("#People", "#Congratulations", "#Career"), (
        "{name} [is|becomes|will be|has been named|was elected] the new {job} of {org}.", "{name} [joins|joined|leaves] {org} as {job}( {when}).", "(The [writer|artist|engineer|teacher|swimmer]) {name} [has won|wins|received] {np}( for {np2}).", "{When}, {name} [takes over|starts] as {job} of {org}.", "{name} will [speak|talk|read] about {topic} {when}( at {place}).",
        "(Our colleague) {name} [retires|leaves] {when}( after {duration}).", "[Congratulations to|Well done,] {name}, [who|our {job}, who] [won|reached|finished] {np}.", "{name} has [worked|lived|taught] [in|at] {town} since {year}.", "{name}( from {town}) [broke|set] [a|the] record with {number} {noun}s.", "[Please welcome|We welcome|Meet] {name}, [our new|the new] {job}."),
        ("{She} worked [at|for] {org} [before|for many years].", "{She} [studied|grew up|lives] in {town}.", "\"[I|We] want to {vp},\" {she} said.", "{Her} [work|research|book] is about {topic}.", "{She} [follows|replaces] {person}.", "{She} [likes|loves] to {vp}."),
        ("{name} is the new {job} of {org}.", "{name} joins {org}.", "Congratulations, {name}!", "{name} talks about {topic} {when}.", "Welcome, {name}!", "{name} starts {when} as {job}.", "{name} set a record: {number}.", "{name} wins {np}.")),
    Kind("award", "news", 1.2, ("company", "product", "event"), ("year", "money", "date", "number"), ("#Award", "#Congratulations", "#Proud"), (
        "{name} [has won|wins|received|was given] [the|an] [award|prize|medal] for {topic}.", "[The|A] prize of {money} [goes|went] to {name}( for {np}).", "{When}, {name} [received|will receive] [a|the] {adj} [prize|award].", "(Out of {number2} entries,) {name} [was chosen|was named|is] [winner|{noun} of the year].", "{name} [beat|was chosen from] {number} [others|entries|rivals].", "{name} [celebrates|marks] [its anniversary|its birthday|many years of work](: it began in {year}).",
        "(Founded in {year2},) {name} [celebrates|celebrated] {number} years of {topic}."),
        ("[The prize|It] is worth {money}.", "[The jury|The judges] [liked|praised] {np}.", "The [ceremony|party] [was|will be] [at|in] {place}.", "\"[We|They] can {vp},\" said {person}( of {org}).", "[It is|This is] the [first|second|third] [prize|award] for the team."),
        ("{name} wins an award for {topic}.", "{name} won {money}!", "Congratulations to {name}!", "{name} receives a prize {when}.", "{name} stood out among {number}.", "{name} celebrates {number} years.", "Well done, {name}!")),
    Kind("report", "article", 1.6, ("company",), ("percent", "number", "measure", "money"), ("#Research", "#Study", "#Facts", "#News"), (
        "[A|The] [new|recent] [study|report|survey] by {name} [shows|finds|says] that {percent} of [people|families|users|young people|companies] {vp}.", "{name} [reports|found|measured] [a rise|a fall|an increase|growth] of {percent}( in {np}).", "(In a [paper|report] published this week,) {name} [describes|studied] {np}.", "Researchers at {name} [have found|found|showed] [a way|how] to {vp}.", "{name} [counted|asked|studied] {number} {noun}s( in {town}).",
        "[Every year|Each year], {name} [uses|saves|collects] {measure} of {noun}.", "{name} [earned|invested|spent] {money} [last year|this year|on {topic}].", "According to {name}, {percent} of [people|adults|all {noun}s] [are|feel] {adj}."),
        ("[The authors|The team] [asked|followed] {number2} [people|families|patients].", "[The study|The work] [was paid|was funded] by {org}.", "\"[This|It] [shows|means] that we [can|must] {vp},\" said {person}.", "[The report|The paper] [is|can be read] [free|online].", "[Only|About|Nearly] {percent} [said|thought] [no|yes|the opposite]."),
        ("{name} finds: {percent} of people {vp}.", "New from {name}: {percent}.", "{name} reports {percent} growth.", "{name} found a way to {vp}.", "{name} counted {number} {noun}s.", "{name}: {money} for {topic}.", "A new study from {name} looks at {np}.", "{name} names the figure: {measure}.")),
    Kind("fundraiser", "call", 1.2, ("company", "event"), ("money", "date", "number"), ("#Charity", "#Community", "#ThankYou", "#Donate"), (
        "{name} [has raised|raised|collected] {money}( for {np}).", "{name} [is raising|wants to raise|collects] {money} to {vp}.", "[Thanks to you|With your help|Thanks to {number2} donors], {name} [can|will] {vp}.", "{name} [gives|donates|gave] {money} to {org}.", "{When}, {name} will collect [money|clothes|books|food] for {np}.", "{number} [people|neighbours|runners] [took part in|supported|helped] {name}(, and {np} [was|were] the result)."),
        ("[The money|It all] [goes to|will pay for|helps] {np}.", "[Donations|Gifts] [can be left|are welcome] at {place}.", "[Every|Each] {price} [counts|helps].", "[We|The group] [still|only] need {money}.", "{person} [ran|walked|swam] {measure}.", "[It|The drive] [runs|lasts] {duration}."),
        ("{name} raised {money}!", "{name} collects {money} to {vp}.", "{name} collects for {np} {when}.", "{number} people supported {name}!", "{name} needs your help to {vp}.", "Thank you for supporting {name}: {money}.", "With you, {name} can {vp}."), topical=False),
    Kind("notice", "notice", 1.6, ("company",), ("date", "number"), ("#Notice", "#Info", "#LocalNews", "#Update"), (
        "{name} [will be|is|stays|remains] closed {when}( [because of|for|due to] {np}).", "(Please note:) {name} [moves|will move] to {place} {when}.", "(Due to [repairs|building work|bad weather|a strike],) {name} [closes|will close] [early|] {when}.", "[Work|Repairs] [at|on] {name} [starts|start|begin] {when}( and [takes|take] {duration}).", "{name} [changes|has changed] its opening hours {when}.",
        "[From|As of] {date}, {name} [will|can] no longer {vp}.", "[Please note|Be aware] that {name} [has|will have] {np} {when}.", "{name} [asks|reminds] [residents|members|customers|visitors] to {vp}.", "[Bus|Line|Route|Tram] {number} will not stop at {name}( until [further notice|next week])."),
        ("[Visitors|Residents|Customers] [should|can] use {place} [instead|].", "We [apologise|are sorry] for [any|the] [trouble|inconvenience].", "[The works|It] will take {duration}.", "[Opening hours|Hours] [are|will be] {time}.", "[Call|Phone] {phone} [for help|with questions].", "[Parking|Access] [is|will be] [limited|closed]."),
        ("{name} is closed {when}.", "{name} closes {when}.", "{name} moves to {place} {when}.", "Please note: work at {name} starts {when}.", "Change at {name}: new hours {when}.", "Please note: {name}, {when}.", "{name} asks you to {vp}.", "No stop at {name} for line {number}."), topical=False),
    Kind("result", "news", 1.0, ("company",), ("score", "number"), ("#Sport", "#MatchDay", "#Result"), (
        "{name} [won|lost|drew] {score} [against|at home to|away to] {org}.", "{name} [beat|lost to] {org} {score}( [in front of|before] {number2} fans).", "(After a [slow|bad|great] start,) {name} [won|finished|drew] {score}.", "[What a game|A great evening]: {name} [wins|won] {score}.", "{name} [reached|is in] the [final|semi-final|next round](, beating {org}).", "{name} scored {number} [points|goals]( against {org})."),
        ("{person} [scored|won] [the last|the first|two] [goal|point|goals].", "The [next|] [game|match] is [at|in] {place}.", "[The coach|Coach] {person} [was|is] [happy|proud|pleased].", "{number2} [fans|people] [came|watched].", "It [rained|was sunny] [all|] [day|afternoon]."),
        ("{name} won {score}!", "{name} {score} {org}.", "{score}: what a game for {name}!", "{name} scored {number}.", "Final score for {name}: {score}.", "What a [game|day] for {name}!"), topical=False),
    Kind("title", "product", 1.2, ("product", "event", "company"), ("date", "price", "measure"), ("#NewRelease", "#Books", "#Music"), (
        "{name}, the [new|first|second|latest] [book|album|film|podcast|game] by {person}, [comes out|appears|is released] {when}.", "{person}'s [new|latest] [novel|album|film|show], {name}, is about {topic}.", "{person} [presents|has written|has finished] {name}, [a|the] [story|book|song|film] about {np}.", "{name} by {person} [is out|can be bought] [now|] for {price}.", "[Out now|New]: {name} by {person}(, published by {org}).", "{name} is a [book|film|game|story] of {measure} about {np}."),
        ("[It|The book|The story] [tells|is] [about|the story of] {np}.", "[The publisher|The label] is {org}.", "[It|The book] costs {price}.", "[It|The film] [is|lasts] {duration} long.", "[Readers|Critics|Fans] [call|called] it {adj}.", "[The author|The singer] [lives|works] in {town}."),
        ("{name} by {person} [is out|comes out] {when}.", "{name} by {person} costs {price}.", "{person} presents {name}.", "New: {name} by {person}.", "{name}: a story about {np}.", "{name} tells of {np}, {measure} long.")),
    Kind("profile", "article", 1.6, NAMED, ("year", "measure", "number", "none", "percent"), ("#DidYouKnow", "#Story", "#GoodToKnow"), (
        "{name} [was founded|began|was built|started|was invented] in {year}( [by|when] {person} [wanted to|and friends tried to] {vp}).", "[Few people know|Did you know] that {name} [can|was built to|has always tried to] {vp}?", "{name} [is|was] [a|one of the] {adj} {noun}s [in|near] {town}.", "{name} [covers|measures|holds|weighs] {measure}( and {number2} {noun}s).", "For {number} years, {name} has [tried to|helped people to] {vp}.", "{name} [is known for|loves|stands for] {topic}.",
        "[Last year|This year|Today], {name} [welcomed|has|serves] {number} [visitors|members|customers|pupils].", "[The story of|What makes] {name} [begins|special is] {np}.", "{name} [makes|keeps|protects|grows] {np}( [in|near] {town}).", "[Here is|This is] how {name} [plans to|learned to|will] {vp}.", "{percent} of [its|the] {noun}s [at|from] {name} are {adj}.", "When {name} [started|opened] in {year}, nobody [thought|knew] that it would {vp}."),
        ("[It|The place] [lies|is] [near|in|close to] {town}.", "[It|The building] [was designed|was planned] by {person}.", "[Today|Now|Since then], it [has|attracts] {number2} [visitors|members].", "[It|The {noun}] is {measure} [long|high|wide].", "[Its|The] {noun} is [especially|very] {adj}.", "In {year2}, [it|the house] [burned down|was rebuilt|moved]."),
        ("{name} goes back to {year}.", "{name} began in {year}.", "{name} measures {measure}.", "{name}: {number} years of trying to {vp}.", "{name} stands for {topic}.", "{name} has {number} visitors and members.", "Did you know? {name} can {vp}.", "{name}, {adj} and near {town}.", "Have you heard of {name}?")),
    Kind("generic", "news", 7.0, NAMED, ("date", "price", "percent", "money", "number", "measure", "year", "none"), ("#News", "#Update", "#Community", "#Info", "#GoodToKnow"), (
        "{name} [will|plans to|wants to|is going to|has decided to|can now|hopes to|is ready to] {vp}.", "{name} [will|plans to|wants to|is going to|hopes to] {vp} {when}.", "{name} [has|needs|offers|brings|shows] {np}( and {np2}).", "{When}, {name} [will|is going to|can] {vp}.", "(After {np},) {name} [will|wants to|has to] {vp} {when}.",
        "(Together with {org},) {name} [will|wants to|is able to] {vp}( and {vp2}).", "[The|This] {adj} {noun}( near {place}) [is called|comes from|belongs to|is part of] {name}.", "{np} [is|comes|will be] [thanks to|part of|new at|given by] {name}( in {town}).", "[In|At|Near] {place}, {name} [will|can] {vp} {when}.", "{name} [helps|allows|asks|invites] [people|children|members|everyone] to {vp}( {when}).",
        "{name} [announced|said|confirmed|explained]( {when}) that it [will|wants to|can] {vp}.", "[The|Our] {noun} {name} [is|will be] {adj} {when}.", "{name}, [known for|together with|with the help of] {np}, [will|is going to] {vp}( {when}).", "{person} [and|of|from] {name} [will|want to|plan to] {vp}.", "[We|They] [went|go] to {name} {when}( to {vp}).",
        "{name} [costs|sold|needs|gave|counts] {price}( for {np}).", "{name} [has|counts|reached|saw|welcomes] {number} {noun}s( [in|near] {town}).", "{name} [grew|rose|fell|improved] by {percent}( [last year|this year]).", "{name} [invests|gets|pays|saved] {money} [for|in] {np}.", "[It is|This is] {measure} [from|to|with] {name}( [in|near] {place}).", "Since {year}, {name} has [tried|wanted|helped|worked] to {vp}.",
        "[We|I|Everybody] [love|like|know|visited|tried|want] {name}( because of {np}).", "{name} [is|was] [about|for|like] {np}.", "If you [want|like|need] to {vp}, {name} [is for you|can help|is the answer].", "[How|Why] {name} [will|wants to|learned to] {vp}", "{name}: {np} [for|and|with] {np2}.", "[Thanks to|Because of|With] {name}, [people|we|you|children] [can|will] {vp}( {when}).",
        "[Last|This] [weekend|week|month|summer|winter] [we|I] [finally|] [visited|tried|found|met|saw] {name}(, {np} [near|from|in] {town}).", "[It was|It is] {name} that [showed|taught|asked|told] [us|me|people] [how|] to {vp}.", "[If|When|While] [you|we|they] {vp}, {name} [will|can|may] {vp2}( {when}).", "[Once|As soon as|Before] {np} [is|was] {adj}, {name} [will|wants to|can] {vp}.",
        "{np} [was|has been|will be] [made|found|organised|opened|led|written|planned] by {name}( [in|near] {town}).", "[There is|There will be|Here is] [good|big|sad|exciting|some] news [from|about|for] {name}.", "[Everybody|Everyone|Nobody|Someone] [in {town}|at {org}|here] [knows|talks about|has heard of] {name}.", "[Do you know|Have you met|Have you seen|Remember] {name}?", "[Have a look at|Look for|Ask for|Try|Discover|Visit] {name}(, {np} [in|near] {town}).",
        "{name} [came|went|moved|travelled|returned] to {town}( to {vp}).", "{name} [was|has been|is being] [built|made|repaired|named|invited|chosen] to {vp}.", "[My|Our|Her|His] [favourite|new|old] {noun} [is|was] {name}.", "[Work|Planning|Talks] [on|at|about] {name} [has begun|goes on|will start]( {when}).", "{name} [is|was] [one of|among] the {adj} {noun}s [of|in] {town}.",
        "{person}, {job} of {name}, [wants|plans|asked|helped] to {vp}.", "[The|A] {noun} [called|named] {name} [is|was|will be] {adj}( {when}).", "[A|The] {adj} {noun} [at|from|by] {name} [can|will|helps to] {vp}.", "{name} {when}( at {time}): {np}.", "{name} | {date} | {place}", "[Wanted|Found|Lost|For sale|Free|New]: {name}, {np}.", "[People|Some|Experts] say [that|] {name} [is|was|has] {np}.",
        "[You|Visitors|Guests] [can|will] {vp} at {name} {when}( from {time}).", "[We're|They're|I'm] [going|off|back] to {name} {when}!", "[Don't|Never] [forget|miss] {name} {when}.", "{When}, [we|everyone|people] can {vp} at {name}.", "{name} [is back|returns|goes on|ends] {when}(, [with|without] {np}).", "[After|Before] {when}, {name} [will|can] [not|no longer] {vp}.",
        "{name} [sells|makes|buys|fixes] {np} for {price}( [each|in all|a week]).", "[Only|Just|About] {price} [a week|each|in all]: {name}( and {np}).", "{name} [weighs|measures|covers|uses|needs|saves] {measure}( of {noun}).", "[With|At] {measure}, {name} is [the|a|our] {adj}est {noun}.", "{number} [people|families|pupils|bakers|drivers|fans] [work|live|came|sing|train] at {name}( [in|near] {town}).", "{name} [gave|sent|lent|sold] {number} {noun}s to {org}.",
        "[More than|Fewer than|About] {number} [people|visitors|homes] [use|visit|know|need] {name}.", "{percent} of [the|all|our] {noun}s [at|from|in] {name} [are|were] {adj}.", "[In|Back in|As early as] {year}, {name} [was|became|had] {np}.", "{name} [turned|saved|spent|collected] {money}( [with|for] {np}).", "[The town|The council|{org}] [gave|promised|owes] {name} {money}( to {vp})."),
        (),
        ("News from {name}: {vp} {when}.", "{name} [plans to|wants to|will] {vp}.", "{name} will {vp} {when}.", "{name} and {np}.", "{name}: {when}."), topical=False),
)}
