"""The names under which a build's symbols and files go; every symbol starts with the build's own name."""

import re

from armlet.errors import InputError

_MEND = "use another name, such as demo"
_KEYWORDS = frozenset(  # of C23 and C++23, with the alternative tokens and what both had before
    [
        "alignas",
        "alignof",
        "and",
        "and_eq",
        "asm",
        "atomic_cancel",
        "atomic_commit",
        "atomic_noexcept",
        "auto",
        "bitand",
        "bitor",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "char16_t",
        "char32_t",
        "char8_t",
        "class",
        "co_await",
        "co_return",
        "co_yield",
        "compl",
        "complex",
        "concept",
        "const",
        "const_cast",
        "consteval",
        "constexpr",
        "constinit",
        "continue",
        "contract_assert",
        "decltype",
        "default",
        "delete",
        "do",
        "double",
        "dynamic_cast",
        "else",
        "enum",
        "explicit",
        "export",
        "extern",
        "false",
        "final",
        "float",
        "for",
        "fortran",
        "friend",
        "goto",
        "if",
        "imaginary",
        "import",
        "inline",
        "int",
        "long",
        "module",
        "mutable",
        "namespace",
        "new",
        "noexcept",
        "noreturn",
        "not",
        "not_eq",
        "nullptr",
        "operator",
        "or",
        "or_eq",
        "override",
        "private",
        "protected",
        "public",
        "reflexpr",
        "register",
        "reinterpret_cast",
        "requires",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "static_assert",
        "static_cast",
        "struct",
        "switch",
        "synchronized",
        "template",
        "this",
        "thread_local",
        "throw",
        "true",
        "try",
        "typedef",
        "typeid",
        "typename",
        "typeof",
        "typeof_unqual",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "wchar_t",
        "while",
        "xor",
        "xor_eq",
    ]
)
_HEADERS = frozenset(  # firmware that asks for one of these by its file name must not get a network
    # C23
    """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype"""
    # C++23
    """ algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono
    cinttypes ciso646 climits clocale cmath codecvt compare concepts condition_variable coroutine csetjmp csignal
    cstdalign cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctgmath ctime cuchar cwchar cwctype deque
    exception execution expected filesystem flat_map flat_set format forward_list fstream functional future generator
    initializer_list iomanip ios iosfwd iostream istream iterator latch list map mdspan memory memory_resource mutex
    new numbers numeric optional ostream print queue random ranges ratio regex scoped_allocator semaphore set
    shared_mutex source_location span spanstream sstream stack stacktrace stdexcept stdfloat stop_token streambuf
    string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version"""
    # POSIX and what comes with newlib
    """ aio alloca ar cpio dirent dlfcn elf endian envlock fcntl features fmtmsg fnmatch ftw getopt glob grp iconv
    ieeefp langinfo libgen link malloc monetary mqueue ndbm netdb newlib nl_types paths poll process pthread pwd reent
    sched search spawn strings stropts syslog tar termios trace ucontext ulimit unctrl unistd utime utmpx wordexp
    argz devctl envz fastmath regdef stdio_ext syslimits utmp varargs"""
    # compilers for Arm, CMSIS
    """ arm_acle arm_bf16 arm_cde arm_cmse arm_common_tables arm_const_structs arm_fp16 arm_math arm_mve arm_mve_types
    arm_neon arm_sve auto_ptr backward_warning binders cxxabi gcov hash_fun hashtable mmintrin stdfix tz_context
    unwind""".split()
)
_PATTERNS = (  # the headers of CMSIS that are many
    r"core_(c[amr]\d\w*|armv8\w+|sc\d+|starmc\d)",
    r"cmsis(_\w+)?",
    r"(mpu|pmu|cachel1|pac)_armv\d\w*",
)
_DEVICES = re.compile(r"con|prn|aux|nul|clock\$|(com|lpt)\d", re.IGNORECASE)
_TAKEN = ("atomic", "cnd", "mtx", "pthread", "posix", "thrd", "tss")  # C and POSIX keep all that begins so, and _


def check_name(name: str) -> str:
    """`name` if it can start C and C++ identifiers and name files anywhere. Raises `InputError`."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name):
        raise InputError(
            f"name {name[:80]!r}", "is not a C identifier", "use letters, digits and underscores, such as demo"
        )
    if problem := _problem(name):
        raise InputError(f"name {name!r}", problem, _MEND)
    return name


def _problem(name: str) -> str:
    """What a valid identifier clashes with, in words. File systems that fold case decide for headers and devices."""
    folded = name.lower()
    if name in _KEYWORDS:
        return "is a word of C or C++"
    if folded == "main":
        return "is the program's own entry, whose file and object it would take"
    if folded in _HEADERS or any(re.fullmatch(pattern, folded) for pattern in _PATTERNS):
        return f"is a header's that compilers and firmware use: {name}.h would hide it"
    if _DEVICES.fullmatch(name):
        return "is a device of Windows, where no file can be called so"
    if "__" in name or name.endswith("_"):
        return f"makes symbols such as {name}_run, and C++ keeps all with two underscores to itself"
    if name.startswith(tuple(f"{taken}_" for taken in _TAKEN)) or name in _TAKEN:
        return f"makes symbols such as {name}_run, and C and POSIX keep all that begin so to themselves"
    return ""


def guard(name: str) -> str:
    """The macro that keeps a header from being read twice. It keeps case: net and Net are two networks."""
    return f"ARMLET_{name}_H"


def macro(name: str, what: str) -> str:
    """A constant of the header, in the case of the name too."""
    return f"{name}_{what}"


def core_symbol(name: str) -> str:
    """The entry that the drivers serve."""
    return f"{name}_core"


def run_symbol(name: str) -> str:
    """The entry for C arrays."""
    return f"{name}_run"


def constants_symbol(name: str) -> str:
    """The pool of biases and weights."""
    return f"{name}_constants"


def work_symbol(name: str) -> str:
    """The work block."""
    return f"{name}_work"


def block_symbol(name: str) -> str:
    """The input block of `run_symbol`."""
    return f"{name}_block"
