"""Given names and their short forms: ``BILL`` and ``WILLIAM`` may be one man."""

from __future__ import annotations

#: A name -> its common English short forms. A short form of several names stands
#: with each of them; two names are alike when they share one.
_SHORT_FORMS = {
    "ABIGAIL": ("ABBY", "ABBIE", "GAIL"),
    "ALAN": ("AL",),
    "ALBERT": ("BERT", "AL", "BERTIE"),
    "ALEXANDER": ("ALEX", "ALEC", "SANDY", "XANDER", "AL"),
    "ALEXANDRA": ("ALEX", "SANDRA", "LEXI", "SANDY"),
    "ALFRED": ("ALF", "ALFIE", "FRED"),
    "AMANDA": ("MANDY",),
    "ANDREW": ("ANDY", "DREW"),
    "ANN": ("ANNIE", "ANNE", "NAN", "ANNA"),
    "ANTHONY": ("TONY", "ANT", "ANTONY"),
    "ARTHUR": ("ART", "ARTIE"),
    "BARBARA": ("BABS", "BARB"),
    "BENJAMIN": ("BEN", "BENNY", "BENJI"),
    "BERNARD": ("BERNIE",),
    "CATHERINE": ("CATH", "CATHY", "KATE", "KATIE", "CAT", "KATHERINE", "KATHRYN", "KATHY"),
    "CHARLES": ("CHARLIE", "CHAS", "CHUCK"),
    "CHARLOTTE": ("CHARLIE", "LOTTIE", "LOTTE"),
    "CHRISTINE": ("CHRIS", "CHRISSIE", "TINA", "CHRISTINA"),
    "CHRISTOPHER": ("CHRIS", "KIT", "TOPHER"),
    "CLIFFORD": ("CLIFF",),
    "DANIEL": ("DAN", "DANNY"),
    "DAVID": ("DAVE", "DAVEY", "DAI"),
    "DEBORAH": ("DEB", "DEBBIE", "DEBRA"),
    "DENNIS": ("DEN", "DENNY", "DENIS"),
    "DONALD": ("DON", "DONNIE"),
    "DOROTHY": ("DOT", "DOTTIE", "DOLLY"),
    "DOUGLAS": ("DOUG", "DOUGIE"),
    "EDWARD": ("ED", "EDDIE", "TED", "TEDDY", "NED"),
    "ELEANOR": ("ELLIE", "NELL", "NORA", "ELLA"),
    "ELIZABETH": ("LIZ", "LIZZIE", "BETH", "BETTY", "ELIZA", "LIBBY", "BESS", "LISA", "ELISABETH"),
    "EMILY": ("EM", "EMMIE", "MILLIE"),
    "EMMA": ("EM", "EMMIE"),
    "ERIC": ("RICK", "ERIK"),
    "FLORENCE": ("FLO", "FLORRIE", "FLOSSIE"),
    "FRANCES": ("FRAN", "FRANKIE", "FANNY"),
    "FRANCIS": ("FRANK", "FRANKIE"),
    "FREDERICK": ("FRED", "FREDDIE", "FREDDY"),
    "GEOFFREY": ("GEOFF", "JEFF", "JEFFREY"),
    "GERALD": ("GERRY", "JERRY", "GED"),
    "GERARD": ("GERRY", "GED"),
    "GILLIAN": ("GILL", "JILL"),
    "GRAHAM": ("GRAEME",),
    "GREGORY": ("GREG",),
    "HAROLD": ("HARRY", "HAL"),
    "HENRY": ("HARRY", "HANK", "HAL"),
    "IAN": ("IAIN",),
    "ISABEL": ("IZZY", "BELLA", "ISOBEL", "ISABELLA"),
    "JACOB": ("JAKE",),
    "JACQUELINE": ("JACKIE", "JACQUI"),
    "JAMES": ("JIM", "JIMMY", "JAMIE", "JAY"),
    "JANET": ("JAN",),
    "JENNIFER": ("JEN", "JENNY", "JENNIE"),
    "JESSICA": ("JESS", "JESSIE"),
    "JOANNE": ("JO", "JOANNA", "JOAN"),
    "JOHN": ("JACK", "JOHNNY", "JON", "JOHNNIE"),
    "JONATHAN": ("JON", "JONNY", "JONATHON"),
    "JOSEPH": ("JOE", "JOEY", "JO"),
    "JOSHUA": ("JOSH",),
    "JUDITH": ("JUDY", "JUDE"),
    "KENNETH": ("KEN", "KENNY"),
    "KIMBERLEY": ("KIM", "KIMBERLY"),
    "LAWRENCE": ("LARRY", "LAURIE", "LAURENCE"),
    "LEONARD": ("LEN", "LENNY", "LEO"),
    "LESLIE": ("LES",),
    "LILLIAN": ("LILY", "LIL", "LILIAN"),
    "LOUIS": ("LOU", "LEWIS", "LOUIE"),
    "LOUISE": ("LOU", "LULU"),
    "MARGARET": ("MAGGIE", "MEG", "PEGGY", "MARGE", "PEG", "RITA", "MARGIE"),
    "MARTIN": ("MART", "MARTY", "MARTYN"),
    "MARY": ("MOLLY", "POLLY", "MARIE"),
    "MATTHEW": ("MATT", "MATTY"),
    "MAXWELL": ("MAX",),
    "MICHAEL": ("MIKE", "MICK", "MICKEY", "MIKEY", "MITCH"),
    "MOHAMMED": ("MO", "MOHAMED", "MUHAMMAD", "MOHAMMAD", "MUHAMMED", "MD"),
    "NATALIE": ("NAT", "TALIA"),
    "NATHANIEL": ("NAT", "NATHAN", "NATE"),
    "NICHOLAS": ("NICK", "NICKY", "NICOLAS"),
    "NICOLA": ("NICKY", "NIKKI", "NIC"),
    "NORMAN": ("NORM",),
    "OLIVER": ("OLLIE", "OLLY"),
    "OLIVIA": ("LIV", "OLLIE", "LIVVY"),
    "PAMELA": ("PAM",),
    "PATRICIA": ("PAT", "TRISH", "PATSY", "TRICIA", "PATTY"),
    "PATRICK": ("PAT", "PADDY", "RICK"),
    "PETER": ("PETE",),
    "PHILIP": ("PHIL", "PIP", "PHILLIP"),
    "RAYMOND": ("RAY",),
    "REBECCA": ("BECKY", "BECCA", "BEX"),
    "REGINALD": ("REG", "REGGIE"),
    "RICHARD": ("DICK", "RICK", "RICH", "RICKY", "RICHIE"),
    "ROBERT": ("BOB", "ROB", "BOBBY", "ROBBIE", "BERT"),
    "RONALD": ("RON", "RONNIE"),
    "SAMANTHA": ("SAM", "SAMMY"),
    "SAMUEL": ("SAM", "SAMMY"),
    "SARAH": ("SALLY", "SARA", "SADIE"),
    "SEAN": ("SHAUN", "SHAWN"),
    "SIDNEY": ("SID", "SYDNEY"),
    "STEPHEN": ("STEVE", "STEVEN", "STEVIE", "STE"),
    "STUART": ("STU", "STEWART"),
    "SUSAN": ("SUE", "SUSIE", "SUZANNE"),
    "TERENCE": ("TERRY", "TERRENCE", "TEL"),
    "THEODORE": ("THEO", "TED", "TEDDY"),
    "THERESA": ("TERRY", "TESS", "TERESA"),
    "THOMAS": ("TOM", "TOMMY"),
    "TIMOTHY": ("TIM", "TIMMY"),
    "VALERIE": ("VAL",),
    "VERONICA": ("RONNIE", "NICKY", "VERA"),
    "VICTORIA": ("VICKY", "TORI", "VIC", "VIKKI"),
    "VINCENT": ("VINCE", "VINNIE"),
    "WALTER": ("WALT", "WALLY"),
    "WILLIAM": ("BILL", "WILL", "BILLY", "LIAM", "WILLIE"),
    "YVONNE": ("EVE", "VONNIE"),
    "ZACHARY": ("ZAC", "ZACK", "ZACH"),
}


def _by_form() -> dict[str, tuple[str, ...]]:
    names: dict[str, set[str]] = {}
    for name, forms in _SHORT_FORMS.items():
        for form in (name, *forms):
            names.setdefault(form, set()).add(name)
    return {form: tuple(sorted(full)) for form, full in names.items()}


_FULL_NAMES = _by_form()


def full_names(given_name: str) -> tuple[str, ...]:
    """Return the names that a given name may be short for; its own where it is none.

    Parameters
    ----------
    given_name
        In capital letters.
    """
    return _FULL_NAMES.get(given_name, (given_name,))
