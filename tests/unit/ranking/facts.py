"""Forty facts of one scope, as extraction writes them, each with a question that it answers."""

FACTS = {
    "Is allergic to nuts": "What is he allergic to?",
    "Lives in Munich": "Where does Alex live?",
    "Works as a nurse at the city hospital": "What is Alex's job?",
    "Favorite color is green": "Which colour does he like best?",
    "Has a dog named Rex": "What is the name of his dog?",
    "Sister lives in Berlin": "Where does his sister live?",
    "Loves hiking in the Alps": "Which outdoor activity does Alex enjoy?",
    "Hates Chinese food": "What food does he dislike?",
    "Plays the cello in an amateur orchestra": "Which instrument does he play?",
    "Was born on 3 May 1990": "When is Alex's birthday?",
    "Drives an old blue Volvo": "What car does he drive?",
    "Is learning Japanese": "Which language is Alex studying?",
    "Has an interview at Siemens on Monday": "When is the job interview?",
    "Phone number is 555-0100": "phone number",
    "Is married to Julia": "Who is Alex's wife?",
    "Studied physics in Vienna": "What did he study at university?",
    "Runs a marathon every autumn": "Does he do any running races?",
    "Prefers tea to coffee": "What should I offer Alex to drink in the morning?",
    "Has two kids, Tom and Mia": "What are the names of his children?",
    "Is afraid of flying": "What is he scared of?",
    "Broke his left leg in 2019": "Which bone did Alex fracture?",
    "Subscribes to The Economist": "Which magazine does he read?",
    "Wakes up at five every day": "What time does Alex get up?",
    "Grows tomatoes on the balcony": "What vegetables does he grow?",
    "Supports Arsenal": "Which football club is he a fan of?",
    "Owes Peter 200 euros": "How much money does he owe and to whom?",
    "Uses Vim as an editor": "Which text editor does Alex use?",
    "Is vegetarian": "Does he eat meat?",
    "Plans to visit Portugal in June": "Where is Alex going on holiday?",
    "Bought a house with a garden last year": "Does he own his home?",
    "Collects vinyl records of jazz": "What does Alex collect?",
    "Passed the driving test at the third attempt": "How many tries did the driving test take?",
    "Takes pills against high blood pressure": "Which medication is he on?",
    "Mother is called Ingrid": "What is his mother's name?",
    "Volunteers at the animal shelter on Saturdays": "Where does Alex volunteer?",
    "Shoe size is 44": "What size shoes does he wear?",
    "Was promoted to head of ward in March": "When did he get a promotion?",
    "Speaks Spanish fluently": "Does Alex speak Spanish?",
    "Is reading The Master and Margarita": "Which novel is Alex reading now?",
    "Password hint is the first school": "What is the hint for the password?",
}

MISSED = {
    "Is learning Japanese",
    "Has two kids, Tom and Mia",
    "Subscribes to The Economist",
}
"""What the small model does not know: Japanese is a language, kids are children, The Economist a magazine."""

UNRELATED = (
    "How do I sort a list in Rust?",
    "quantum chromodynamics lattice",
    "What is the capital of Mongolia?",
)

NEWS = {
    "I moved from Berlin to Munich last month": "Lives in Munich",
    "Actually I like Chinese food now": "Hates Chinese food",
    "I don't work at the hospital any more": "Works as a nurse at the city hospital",
    "Please forget my phone number": "Phone number is 555-0100",
    "We had to put our dog to sleep, poor Rex": "Has a dog named Rex",
    "My favourite colour is red now": "Favorite color is green",
    "I sold the Volvo": "Drives an old blue Volvo",
    "Julia and I got divorced": "Is married to Julia",
    "I started eating steak again": "Is vegetarian",
    "My sister moved to Hamburg": "Sister lives in Berlin",
    "I paid Peter back": "Owes Peter 200 euros",
    "I stopped learning Japanese and took up Korean": "Is learning Japanese",
}
"""What a user says, and the fact that it changes."""
