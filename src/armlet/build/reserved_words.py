"""Words that no build may be named after: those of C and C++, and the headers that firmware asks for."""


def _words(*texts: str) -> frozenset[str]:
    return frozenset(" ".join(texts).split())


# Of C23 and C++23, with the alternative tokens and what both had before.
KEYWORDS = _words("""
    alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case
    catch char char16_t char32_t char8_t class co_await co_return co_yield compl complex concept const
    const_cast consteval constexpr constinit continue contract_assert decltype default delete do double
    dynamic_cast else enum explicit export extern false final float for fortran friend goto if imaginary import
    inline int long module mutable namespace new noexcept noreturn not not_eq nullptr operator or or_eq override
    private protected public reflexpr register reinterpret_cast requires restrict return short signed sizeof
    static static_assert static_cast struct switch synchronized template this thread_local throw true try
    typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor
    xor_eq
""")

# Firmware that asks for one of these must not get a network instead.
HEADERS = _words(
    # C23
    """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
    stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar
    wchar wctype
    """,
    # C++23
    """
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono
    cinttypes ciso646 climits clocale cmath codecvt compare concepts condition_variable coroutine csetjmp
    csignal cstdalign cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctgmath ctime cuchar cwchar
    cwctype deque exception execution expected filesystem flat_map flat_set format forward_list fstream
    functional future generator initializer_list iomanip ios iosfwd iostream istream iterator latch list map
    mdspan memory memory_resource mutex new numbers numeric optional ostream print queue random ranges ratio
    regex scoped_allocator semaphore set shared_mutex source_location span spanstream sstream stack stacktrace
    stdexcept stdfloat stop_token streambuf string_view strstream syncstream system_error thread tuple
    type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    """,
    # POSIX and what comes with newlib
    """
    aio alloca ar cpio dirent dlfcn elf endian envlock fcntl features fmtmsg fnmatch ftw getopt glob grp iconv
    ieeefp langinfo libgen link malloc monetary mqueue ndbm netdb newlib nl_types paths poll process pthread pwd
    reent sched search spawn strings stropts syslog tar termios trace ucontext ulimit unctrl unistd utime utmpx
    wordexp argz devctl envz fastmath regdef stdio_ext syslimits utmp varargs
    """,
    # compilers for Arm, CMSIS
    """
    arm_acle arm_bf16 arm_cde arm_cmse arm_common_tables arm_const_structs arm_fp16 arm_math arm_mve
    arm_mve_types arm_neon arm_sve auto_ptr backward_warning binders cxxabi gcov hash_fun hashtable mmintrin
    stdfix tz_context unwind
    """,
)
HEADER_PATTERNS = (  # the headers of CMSIS, of its devices, and of what firmware is built on, that are many
    r"system_\w+|startup_\w+",
    r"(stm32|nrf5|nrf9|lpc|efm32|efr32|sam[a-z]?\d|same\d|mk\d|mimxrt|msp432|gd32|at32|rp2|xmc\d|tm4c|cc\d\d)\w*",
    r"(freertos|freertosconfig|task|tasks|queue|semphr|timers|event_groups|portmacro|portable|list|croutine)",
    r"(arduino|wprogram|mbed|zephyr|rtthread|tx_api|lwip\w*|cmsis_os\d?)",
    r"core_(c[amr]\d\w*|armv8\w+|sc\d+|starmc\d)",
    r"cmsis(_\w+)?",
    r"(mpu|pmu|cachel1|pac)_armv\d\w*",
)
