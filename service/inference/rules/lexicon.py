"""Words that the reader knows something about, by what it knows about them. Lemmas, lower case.

These are tables, not patterns: the grammar comes from the parse, and only what a word means for a memory
stands here.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The set of the words in a text."""
    return frozenset(text.split())


AMERICAN = {
    "colour": "color",
    "coloured": "colored",
    "favourite": "favorite",
    "flavour": "flavor",
    "neighbour": "neighbor",
    "neighbourhood": "neighborhood",
    "programme": "program",
    "theatre": "theater",
}
"""How facts spell what the other side of the sea spells differently."""

LIKING = words(
    """
    love like enjoy adore prefer favor dig appreciate cherish
    """
)
DISLIKING = frozenset({"hate", "dislike", "detest", "despise", "loathe", "stand", "bear", "avoid", "mind"})
LIKING_ADJECTIVES = frozenset(
    {"fond", "keen", "passionate", "crazy", "obsessed", "mad", "interested", "enthusiastic"}
)
LIKING_NOUNS = frozenset({"fan", "lover", "enthusiast", "admirer"})

DIETS = words(
    """
    vegetarian vegan pescatarian pescetarian flexitarian omnivore carnivore kosher halal
    """
)
REGIMES = words("keto paleo atkins whole30 dukan mediterranean fodmap low-carb carnivore fasting")
WITHOUT_WORK = frozenset({"unemployed", "jobless", "retired"})
MARITAL = frozenset({"married", "single", "divorced", "widowed", "engaged", "separated", "widow", "widower"})
OCCUPATIONS = words(
    """
    accountant actor actress administrator advisor agent analyst architect artist assistant astronaut
    attorney author baker banker barber barista bartender biologist bookkeeper builder butcher carpenter
    cashier ceo cfo chef chemist cleaner clerk coach consultant contractor cook copywriter counselor cto
    dancer dentist designer developer director doctor driver economist editor electrician engineer
    entrepreneur farmer firefighter fisherman florist founder freelancer gardener geologist guard
    hairdresser historian housewife instructor intern interpreter investor janitor journalist judge
    lawyer lecturer librarian lifeguard machinist manager marketer mathematician mechanic midwife model
    musician nanny novelist nurse officer operator optician painter paralegal paramedic pharmacist
    photographer physician physicist pilot plumber poet policeman politician postdoc producer professor
    programmer psychiatrist psychologist realtor receptionist recruiter reporter researcher retiree
    sailor salesman salesperson scientist sculptor secretary sergeant singer soldier statistician
    student surgeon surveyor tailor teacher technician therapist trader translator trainer tutor
    veterinarian vet videographer vp waiter waitress welder writer
    """
)

KIN = words(
    """
    aunt baby boy boyfriend bro brother child cousin dad daughter ex family father fiance fiancé fiancée
    fiancee girl girlfriend granddaughter grandfather grandma grandmother grandpa grandson grandparent
    husband kid mom mother mum nephew niece parent partner sibling sis sister son spouse stepbrother
    stepdad stepfather stepmom stepmother stepsister toddler twin uncle wife in-law
    """
)
CHILDREN = words("baby boy girl twin son daughter kid child")
PEOPLE = (
    KIN
    | OCCUPATIONS
    | words(
        """
    boss buddy classmate colleague coworker co-worker flatmate friend guest landlord manager mentor
    neighbor roommate supervisor team teammate
    """
    )
)
ROLES = words(
    """
    boss boyfriend dentist doctor fiance fiancé fiancée fiancee girlfriend gp husband landlord lawyer manager
    mentor nanny partner supervisor therapist trainer wife
    """
)
"""Those of whom one has one at a time, so that another name is another person."""
PETS = words(
    """
    bird bunny cat chicken dog fish goat guinea hamster horse kitten lizard parrot pet pig pony puppy
    rabbit rat snake tortoise turtle
    """
)
HE = words(
    """
    boyfriend bro brother dad father fiance fiancé grandfather grandpa grandson husband nephew son
    stepbrother stepdad stepfather uncle boy
    """
)
SHE = words(
    """
    aunt daughter fiancée fiancee girlfriend granddaughter grandma grandmother mom mother mum niece sis
    sister stepmom stepmother stepsister wife girl
    """
)

ATTRIBUTES = words(
    """
    address age birthday birthdate budget career degree diet email e-mail employer ethnicity goal gender
    handle height hobby hometown id income job language location major name nationality nickname number
    occupation phone position profession pronoun pronouns rank religion salary shift size specialty
    status surname team timezone title username website weight workplace zip zodiac zone
    """
)
"""Nouns of which one has one at a time: "my X is Y" replaces what was known of X."""

OF_NO_KIND = words("new current own main primary personal actual correct right exact")
"""What stands before a noun without telling it from another one."""

SLOT_NOUNS = {
    "address": ("address",),
    "age": ("age",),
    "allergy": ("allergy",),
    "birthdate": ("birthday",),
    "birthday": ("birthday",),
    "career": ("employer", "occupation"),
    "cell": ("phone",),
    "city": ("residence",),
    "company": ("employer",),
    "contact": ("phone", "email", "address"),
    "diet": ("diet",),
    "e-mail": ("email",),
    "email": ("email",),
    "employer": ("employer",),
    "home": ("residence", "address"),
    "hometown": ("origin",),
    "job": ("employer", "occupation"),
    "location": ("residence",),
    "name": ("name",),
    "number": ("phone",),
    "occupation": ("occupation",),
    "phone": ("phone",),
    "profession": ("occupation",),
    "residence": ("residence",),
    "status": ("marital",),
    "work": ("employer", "occupation"),
    "workplace": ("employer",),
}
"""The slots that a noun names: as the subject of "my X is Y" the first of them, in "forget my X" all."""

SINGLE = words(
    """
    name age residence origin employer occupation diet marital birthday birthplace phone email address
    """
)
"""Slots that hold one value at a time. Attributes ("attribute:...") do too."""

EVENTS = words(
    """
    book achieve attend begin break build climb compete complete create cycle deploy earn elope emigrate
    enroll finish found give_birth graduate grow immigrate inherit injure invest invent launch learn
    lose major meet migrate move open order_ own paint pass perform play publish raise read receive
    record recover release rent run serve set_up study suffer survive swim switch teach tour train
    travel visit volunteer win work write live spend hike sail fly celebrate renovate donate sign
    start hurt sprain fracture tear diagnose accept bear promote welcome fire hire name award cook watch see
    go adopt
    """
)
"""What is still worth knowing when it is over."""

FLEETING_VERBS = words(
    """
    accept add admit advise agree apologize appreciate ask assume bet bother call care check choose
    click come comment confuse copy decide doubt expect explain face feel figure find fix follow forget
    get_it give go guess hang happen hear help hope imagine install intend joke keep know let look make
    matter mean mention mind miss need notice offer open owe paste pick please print promise propose put
    reach realize recommend refer regret reply report request respond run_into say see seem send set
    show sound struggle suggest suppose suspect swear talk tell thank think try turn type
    understand update upload wait want wish wonder worry
    blow boost bring cheer encourage inspire last motivate push
    """
)
"""Verbs that tell what one thinks or does just now, unless a habit is told of ("every day")."""

FLEETING_STATES = words(
    """
    able afraid alone angry annoyed anxious available aware away awake back bad better bored busy
    certain close cold confident confused curious desperate disappointed done down drunk due early
    embarrassed excited exhausted familiar fine free frustrated full glad going good grateful great
    guilty happy here home hot hungry hurt ill impressed in inclined jealous kidding late lazy likely
    lonely lost lucky mad mistaken nervous new off ok okay on open out overwhelmed pleased positive
    proud ready relaxed right sad safe scared serious sick sleepy sorry stressed stuck sure surprised
    thankful there thirsty thrilled tired unable uncertain unsure up upset used weird welcome well
    willing wondering worried wrong amazed amped bummed determined eager fascinated hyped honored humbled
    important inspired keen motivated psyched pumped refreshed relieved rested satisfied shocked speechless
    stoked swamped touched torn wiped
    """
)
"""What one is for an hour."""

LASTING_CONDITIONS = words(
    """
    college diet finance marketing medication parole pension recovery relationship remission retirement
    sales insulin school shape therapy university wheelchair
    """
)
"""What one is "in" or "on" for longer: "in a relationship", "on a diet"."""

FLEETING_PLACES = words(
    """
    time hold vacation holiday bus train plane fire call break top track board way phone computer foot leave
    duty shift edge target point schedule budget campus site stage tour deadline mobile desktop linux windows
    mac android page chapter season level episode monday tuesday wednesday thursday friday saturday
    sunday business
    """
)
"""What one is "on" for a while."""

LASTING_PARTICIPLES = WITHOUT_WORK | words(
    "retired tattooed adopted disabled gifted introverted extroverted red visually-impaired"
)
"""The few adjectives in "-ed" that tell more than a mood."""

FLEETING_THINGS = words(
    """
    access answer bug chance choice clue complaint concern confusion control code computer
    doubt error favor feedback feeling fun guess idea insight internet issue list look message minute
    mistake moment need opinion option order plan point preference problem project question reason
    request suspicion say second sense something nothing anything everything thing thought time trouble
    way while query bad apology job position command script output input file screen
    look responsibility break note care turn breath shower nap picture seat step risk place part advantage
    wifi browser account package delivery password connection network laptop router
    attitude blast courage desire energy faith glimpse help hope impact love luck memory motivation offer path
    effect passion potential power pride respect room strength success support surge sense spirit trust
    vision vibe
    """
)
"""What one has for a conversation: "I have a question", "my problem is"."""

SAYING_NOTHING = words(
    "new more quick few other many big small great good bad similar little nice weird same real"
)
"""Adjectives that make no kind of a thing: "a quick question", but "a chronic problem"."""

LASTING_PLANS = words(
    """
    become begin build buy climb complete earn find finish get graduate have improve join learn live
    lose marry master move open play publish quit read retire run save sell start stop study switch
    teach travel visit work write swim train
    """
)
"""What is worth knowing when somebody wants or tries it."""

AIMING = frozenset({"want", "plan", "try", "hope", "go", "intend", "aim", "need", "have"})
"""Verbs of wanting, which matter by what is wanted."""

COMING = LASTING_PLANS | words(
    "attend be fly go marry participate perform present relocate stay turn undergo"
)
"""What is worth knowing when somebody "will" do it."""

TAKING = frozenset({"start", "begin", "get", "land", "accept", "find", "take"})
"""Verbs that make a job one's own."""

ABILITIES = words(
    """
    bake code cook cycle dance digest draw drink drive eat fly juggle knit lift paint play program read
    ride sail sew sing skate ski speak surf swim tolerate type walk write have consume
    """
)
"""What "can" and "cannot" say something lasting about."""

COMMON_PLACES = words("home work school college university church night noon sea lunch dinner breakfast")
"""What one is "at" or goes "to" that is no name, though the model would take it for one with a capital."""

FIRMS = frozenset(
    {"startup", "company", "firm", "agency", "bank", "university", "hospital", "school", "studio"}
)
"""What one joins as an employer, be it named or not."""

ACTIVITIES = words("play practice do use take study learn watch")
"""Of what these are about one can "give up"."""

ENDURING_NEGATIVES = frozenset({"eat", "drink", "smoke", "vape", "consume", "gamble"})
"""Habits whose absence is itself worth knowing: a negation replaces the known fact instead of removing it."""

ASSERTING = words(
    """
    remember note know remind mean aware sure reminder mention confirm
    """
)
"""Under these a clause is still said to be true: "remember that I'm vegetarian"."""

FORGETTING = frozenset({"forget", "delete", "remove", "erase", "drop", "discard", "unlearn"})

KEEPING = frozenset({"remember", "store", "save", "keep", "retain", "memorize"})
"""Asked of the memory in the negative, these mean to forget."""

CONDITIONAL_MARKS = words(
    """
    if unless whether though until lest when whenever once while before after like
    """
)
UNREAL_MODALS = words(
    """
    would could might may should must 'd shall ought d
    """
)

DISCOURSE = words(
    """
    actually also anymore anyway anyways basically btw currently definitely finally frankly fyi
    generally honestly however just lately literally maybe now nowadays obviously please presently
    probably quite really recently simply so still then though today too truly totally very well
    absolutely instead already again tho sadly unfortunately luckily fortunately either certainly even
    """
)
"""Adverbs that colour a clause and are no part of the fact."""

UNCERTAIN = frozenset(
    {"maybe", "perhaps", "probably", "possibly", "hopefully", "hypothetically", "supposedly"}
)
FREQUENCY = words(
    """
    every usually always often daily weekly monthly regularly sometimes never rarely each twice mondays
    tuesdays wednesdays thursdays fridays saturdays sundays weekends mornings evenings nights weekdays
    """
)
"""Words that make a habit of a verb."""

OPENERS = words(
    """
    ah aha alright and anyway anyways actually basically btw but cool correction fyi good great haha
    hello hey hi hm hmm honestly ja lol nah nice no nope ok okay oh ooh right so sorry sure thanks thx
    ugh uh um wait well whoa wow yeah yep yes yo yup also morning afternoon evening there everyone all
    guys ps first firstly listen look my_bad please hiya greetings additionally furthermore plus
    update edit note reminder fact
    """
)
"""What stands before a clause and says nothing. Dropped before the parse, which it would only mislead."""

WEAK_OPENERS = words(
    """
    there everyone all guys morning afternoon evening good great nice right look sure cool first no
    please update edit note reminder fact
    """
)
"""Openers only after another opener or before a comma: "good morning, ...", "hi there ..."."""

CHAT = {
    "i": "I",
    "m": "'m",
    "nt": "n't",
    "ve": "'ve",
    "ll": "'ll",
    "re": "'re",
    "u": "you",
    "ur": "your",
    "pls": "please",
    "plz": "please",
    "gon": "going",
    "wan": "want",
    "na": "to",
    "luv": "love",
    "rly": "really",
    "fav": "favorite",
    "fave": "favorite",
    "wanna": "want to",
    "gonna": "going to",
    "gotta": "got to",
    "thats": "that 's",
    "dont": "do n't",
    "doesnt": "does n't",
    "cannot": "can not",
    "cuz": "because",
    "bc": "because",
    "tho": "though",
    "rn": "right now",
    "lol": "",
    "lmao": "",
    "haha": "",
    "tbh": "",
    "btw": "",
    "fyi": "",
    "imo": "",
    "imho": "",
    "ngl": "",
    "omg": "",
    "gf": "girlfriend",
    "bf": "boyfriend",
    "n": "and",
    "&": "and",
}
"""How a chat spells what the parser knows under another spelling, token by token."""

ASIDES = tuple(
    tuple(phrase.split())
    for phrase in (
        "after all",
        "as well",
        "at all",
        "by the way",
        "for the record",
        "if you must know",
        "to be honest",
        "you know",
        "i guess",
        "of course",
        "as you know",
        "scratch that",
        "scrap that",
        "strike that",
        "never mind",
        "in case you wondered",
    )
)
"""What is said beside the point, dropped before the parse."""

INSTEAD_OF = frozenset({("instead", "of"), ("rather", "than")})
"""What stands before a value that is no more."""

ONE_AT_A_TIME = words("drives prefers earns weighs attends studies")
"""What one does with one thing at a time, so that doing it "now" with another ends the former."""

ARTICLES = frozenset({"a", "an"})

DAYS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december tomorrow noon midnight
    """
)

TOWARDS = frozenset({"to", "in", "at", "on", "with", "from", "for", "by"})

MAKE_BELIEVE = words(
    """
    write imagine pretend suppose translate generate create draft compose summarize roleplay act rewrite say
    """
)
"""What opens a request in which nothing is told of oneself: "write a poem where I am a bird"."""

SECOND_PERSON = words("you your yours yourself yourselves u ur y'all")

PRONOUNS = words("he him his she her hers they them theirs it its ze zir xe xem")

DONE_WITH_NOTHING = words(
    """
    bake box camp climb code commute cook cycle dance die draw drink drive elope fast fish freelance gamble
    garden graduate hike hunt jog kayak knit meditate move paint pray program read relocate resign retire run
    sail sew sing skate ski smoke snore snowboard snowshoe stutter surf swim travel vape volunteer work write
    """
)
"""What one does without doing it to something: "I run"."""

HANDING_OVER = MAKE_BELIEVE | words(
    """
    check correct edit explain fix improve paraphrase proofread review shorten simplify polish analyze
    """
)
"""What asks to do something with a text that follows."""
FEIGNING = words("imagine pretend suppose roleplay act")
"""What opens a make-believe that lasts until the message ends."""

ABLE = ABILITIES | DONE_WITH_NOTHING

SAME_IN_PAST = words("hurt cut hit split bet shut burst")
"""Verbs that have the form of the present in the past too; chats tell of them when they are over."""

NUMERALS = {
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
    "11": "eleven",
    "12": "twelve",
}
"""Numbers that are written in letters as often as in digits."""

COUNTED = frozenset(NUMERALS.values()) | {"no", "never", "always"}
"""After a "have" that opens a note these tell what one has; "have fun" is a wish."""

RECEIVED = words(
    "email mail message text letter call notification error win addition look reply answer warning"
)
"""What one "got" and does not have."""

FICTION = words("novel story book game dream movie film play screenplay script comic poem song scenario")
"""In what nothing is told of oneself."""

MOCKING = frozenset({("yeah", "right"), ("as", "if"), ("oh", "great"), ("oh", "sure")})
"""How one opens what one does not mean."""

GOOD = words(
    """
    great amazing awesome best delicious fantastic wonderful fun lovely beautiful cool excellent brilliant
    tasty underrated good perfect fascinating interesting relaxing adorable
    """
)
BAD = words(
    """
    awful terrible boring disgusting gross overrated horrible worst annoying stupid bad ugly dull hideous
    pointless nasty scary depressing
    """
)
"""How one judges a thing that one likes, or does not."""

RESCHEDULING = frozenset({"move", "reschedule", "postpone", "push", "shift", "delay"})

CALLING_OFF = frozenset({"cancel", "scrap", "call"})

CAPITALIZED = words(
    """
    january february april june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday
    """
)
"""What chats leave small that is always a name."""

LEMMAS = {
    "hates": "hate",
    "hated": "hate",
    "hating": "hate",
    "lives": "live",
    "loves": "love",
    "diabetes": "diabetes",
}
"""Lemmas that the small model gets wrong."""

ADJECTIVE_ENDINGS = (
    "ed",
    "ic",
    "ary",
    "ful",
    "less",
    "able",
    "ish",
    "ous",
    "ive",
    "ent",
    "ant",
    "ing",
    "free",
    "ian",
    "blind",
    "deaf",
    "sexual",
    "binary",
    "holic",
)
"""How words end that are adjectives although no dictionary has them: "hyped"."""

PARSED_AS = {"gluten": "sugar", "sushi": "soup", "dairy": "milk", "shellfish": "cheese", "type": "kind"}
"""Words that the small model takes for another part of speech, and a like one that it does not."""

SUBJECT_DROPPED = words(
    """
    love loved hate like dislike enjoy prefer adore live lived work worked moved relocated bought sold
    got started quit stopped adopted speak play drink eat smoke married divorced graduated joined left
    retired used can't have own want visited study studied
    """
)
"""Words that open a note with its "I" left out: "love sushi", "moved to Paris"."""

TOLD_WITHOUT_SUBJECT = words("live work study train learn plan turn move fly teach")
"""Verbs that open a note in their "-ing" form: "living in Oslo now"."""

COPULA_DROPPED = words(
    """
    allergic vegetarian vegan married born based divorced diabetic originally
    """
)
"""The same with "I am" left out."""

DONE_BY_THINGS = words(
    """
    appear become belong break cause come compile consist contain cost crash depend exist fail fit happen
    include lack last load look matter mean occur rain require return seem smell snow sound suck support
    taste throw
    """
)
"""Verbs that, without a subject, are said of what the conversation is about: "costs too much"."""

DONE_WHERE = {
    "answer": words("within"),
    "drive": words("to from"),
    "get": words("up"),
    "wake": words("up"),
    "live": words("in at near with on by"),
    "work": words("at for as in from with"),
    "study": words("at in with"),
    "play": words("in for with"),
    "teach": words("at in"),
    "volunteer": words("at for with"),
    "travel": words("to for"),
    "commute": words("to from by"),
    "suffer": words("from"),
    "listen": words("to"),
    "go": words("to by"),
    "speak": words("with"),
    "believe": words("in"),
    "care": words("for about"),
    "walk": words("to"),
    "graduate": words("from in"),
    "sleep": words("in on with"),
}
"""Verbs that say something of a person without an object, by the prepositions that they then have."""

UNDERGONE = (
    WITHOUT_WORK
    | MARITAL
    | words(
        """
    accepted addicted adopted awarded based born called diagnosed disabled employed fired hired injured
    interested laid named obsessed promoted raised retired scared terrified trained
    """
    )
)
"""What happens to persons and hardly to things: "was born", "is based"."""

SAID_OF_KIN = frozenset(words("is are was has have lives live works work")) | {
    form
    for verb in LIKING | ABILITIES | {"own", "study", "teach", "play", "attend", "hate"}
    for form in (verb, verb + "s")
}
"""Verbs that follow "sister" where it is the own one; in a headline others do."""

STATES_OF_THINGS = words(
    "broken cheap empty expensive fast heavy loud possible impossible slow easy hard difficult"
)
"""What without a subject is said of what the conversation is about: "is too expensive"."""

OWN_KIN = KIN | ROLES | words("friend roommate dog cat puppy kitten")
"""Who without an article is somebody's own: "Sister is a nurse", but not "chicken is healthy"."""

OWNED = words("anniversary apartment appointment bike car flight house motorcycle wedding")
"""Things that without an article are somebody's own, where a name or number is told of them."""

TELLING_KIN_APART = words(
    "best older younger elder oldest youngest eldest big little twin late ex former new"
)
"""What stands before one's own sister."""

HYPERNYMS = {
    "child": "kid",
    "children": "kid",
    "automobile": "car",
    "mum": "mom",
    "mother": "mom",
    "father": "dad",
    "cell": "phone",
    "mobile": "phone",
    "e-mail": "email",
    "puppy": "dog",
    "kitten": "cat",
    "spouse": "partner",
    "flat": "apartment",
    "bike": "bicycle",
    "tv": "television",
    "colour": "color",
    "favourite": "favorite",
    "film": "movie",
    "pup": "dog",
    "doggo": "dog",
    "coworker": "colleague",
    "co-worker": "colleague",
    "wifey": "wife",
    "hubby": "husband",
}
"""Words that mean the same thing where facts meet."""

SET_PHRASES = frozenset(
    {
        ("mac", "cheese"),
        ("fish", "chips"),
        ("salt", "pepper"),
        ("rock", "roll"),
        ("bread", "butter"),
        ("macaroni", "cheese"),
        ("drum", "bass"),
        ("bed", "breakfast"),
        ("pb", "j"),
        ("rhythm", "blue"),
        ("dungeon", "dragon"),
    }
)
"""Pairs that "and" joins into one thing."""
