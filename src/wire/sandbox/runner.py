# Runs one program that a model wrote, in a child process that may do next to nothing, and says how it ended.
#
# Started as `python3 -I -B -X utf8 -c THIS`, inside whatever walls the caller built. One line of JSON comes in: {"program", "seconds",
# "memory", "file"}; one goes out: {"verdict": "passed" | "failed" | "timed_out", "detail", "calls", "files"}. The child is confined before
# it sees the program, and there is no way back. Whether it came to its end is told by a number that stands nowhere in its memory while
# the program runs: it waits in a pipe and is read after the last line. A program that prints, exits, kills itself or closes everything
# does not know it. One that was made against this very text and reads all open files could: nothing inside one interpreter is safe from
# the interpreter.

import ctypes
import errno
import fcntl
import json
import os
import platform
import resource
import select
import signal
import struct
import sys
import time

PASSED = b"P"
FAILED = b"F"
WALLS = b"W"
LONGEST = 400

# System calls that are refused, by machine: (audit architecture, {name: number}).
MACHINES = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "bind": 49, "listen": 50, "accept": 43, "accept4": 288, "sendto": 44, "sendmsg": 46, "sendmmsg": 307,
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
        "kcmp": 312, "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
        "tkill": 200, "setsid": 112, "setpgid": 109, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155,
        "chroot": 161, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
        "io_uring_register": 427, "add_key": 248, "request_key": 249, "keyctl": 250, "shmget": 29, "semget": 64, "msgget": 68,
        "mq_open": 240, "memfd_create": 319, "open_by_handle_at": 304, "name_to_handle_at": 303, "init_module": 175,
        "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "reboot": 169, "swapon": 167,
        "swapoff": 168, "sethostname": 170, "setdomainname": 171, "settimeofday": 164, "clock_settime": 227, "clock_adjtime": 305,
        "adjtimex": 159, "acct": 163, "quotactl": 179, "syslog": 103, "iopl": 172, "ioperm": 173, "personality": 135, "mknod": 133,
        "mknodat": 259, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
        "mount_setattr": 442, "setpriority": 141, "ioprio_set": 251, "sched_setaffinity": 203, "sched_setscheduler": 144,
        "sched_setattr": 314, "sched_setparam": 142, "setrlimit": 160,
        "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
        "utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280, "truncate": 76, "setxattr": 188, "lsetxattr": 189,
        "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "setxattrat": 463, "removexattrat": 466,
        "file_setattr": 469, "shmat": 30, "shmctl": 31, "semop": 65, "semctl": 66, "semtimedop": 220, "msgsnd": 69, "msgrcv": 70,
        "msgctl": 71, "mq_unlink": 241, "fanotify_init": 300, "open_tree_attr": 467,
    }, {"clone": 56, "clone3": 435, "kill": 62, "tgkill": 234, "prlimit64": 302, "fcntl": 72, "ioctl": 16, "prctl": 157}),
    "aarch64": (0xC00000B7, {
        "socket": 198, "connect": 203, "bind": 200, "listen": 201, "accept": 202, "accept4": 242, "sendto": 206, "sendmsg": 211,
        "sendmmsg": 269, "execve": 221, "execveat": 281, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "tkill": 130,
        "setsid": 157, "setpgid": 154, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "add_key": 217, "request_key": 218, "keyctl": 219, "shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180,
        "memfd_create": 279, "open_by_handle_at": 265, "name_to_handle_at": 264, "init_module": 105, "finit_module": 273,
        "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294, "reboot": 142, "swapon": 224, "swapoff": 225,
        "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "clock_settime": 112, "clock_adjtime": 266, "adjtimex": 171,
        "acct": 89, "quotactl": 60, "syslog": 116, "personality": 92, "mknodat": 33, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442, "setpriority": 140, "ioprio_set": 30,
        "sched_setaffinity": 122, "sched_setscheduler": 119, "sched_setattr": 274, "sched_setparam": 118, "setrlimit": 164,
        "fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchownat": 54, "fchown": 55, "utimensat": 88, "truncate": 45, "setxattr": 5,
        "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16, "setxattrat": 463,
        "removexattrat": 466, "file_setattr": 469, "shmat": 196, "shmctl": 195, "semop": 193, "semctl": 191, "semtimedop": 192,
        "msgsnd": 189, "msgrcv": 188, "msgctl": 187, "mq_unlink": 181, "fanotify_init": 262, "open_tree_attr": 467,
    }, {"clone": 220, "clone3": 435, "kill": 129, "tgkill": 131, "prlimit64": 261, "fcntl": 25, "ioctl": 29, "prctl": 167}),
}

DEATH_SIGNAL, NO_NEW_PRIVS, SET_SECCOMP, FILTER = 1, 38, 22, 2
# What some system calls must not be asked for: a signal to whomever by way of a pipe or socket (F_SETOWN, F_SETSIG, F_SETOWN_EX; FIOSETOWN,
# SIOCSPGRP), typing into a terminal (TIOCSTI, TIOCLINUX), and to outlive the runner.
REFUSED_REQUESTS = {"fcntl": (1, (8, 10, 15)), "ioctl": (1, (0x8901, 0x8902, 0x5412, 0x541C)), "prctl": (0, (DEATH_SIGNAL,))}
CLONE_THREAD = 0x10000


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def instruction(code, true, false, value):
    return struct.pack("=HBBI", code, true, false, value)


def load(offset):
    return instruction(0x20, 0, 0, offset)


def answer(value):
    return instruction(0x06, 0, 0, value)


ALLOW = answer(0x7FFF0000)
KILL = answer(0x80000000)


def refuse(number):
    return answer(0x00050000 | number)


def system_calls(own):
    """The filter: no new process, no other program, no connection, no signal to anybody else, and nothing of what Landlock does not know:
    owners, permissions and times of files."""
    architecture, refused, special = MACHINES[platform.machine()]
    parts = [load(4), instruction(0x15, 1, 0, architecture), KILL, load(0)]
    if platform.machine() == "x86_64":
        parts += [instruction(0x35, 0, 1, 0x40000000), refuse(errno.EPERM)]
    for number in sorted(refused.values()):
        parts += [instruction(0x15, 0, 1, number), refuse(errno.EPERM)]
    # Its arguments lie behind a pointer: whoever asks is sent back to `clone`.
    parts += [instruction(0x15, 0, 1, special["clone3"]), refuse(errno.ENOSYS)]
    # A thread is none of these.
    parts += [instruction(0x15, 0, 4, special["clone"]), load(16), instruction(0x45, 0, 1, CLONE_THREAD), ALLOW, refuse(errno.EPERM)]
    for name in ("kill", "tgkill"):
        parts += [instruction(0x15, 0, 4, special[name]), load(16), instruction(0x15, 0, 1, own), ALLOW, refuse(errno.EPERM)]
    # Its own limits may be asked for and not changed: the third argument, of 64 bits, is where new ones stand.
    asks = [load(16), instruction(0x15, 0, 5, 0), load(32), instruction(0x15, 0, 3, 0), load(36), instruction(0x15, 0, 1, 0)]
    parts += [instruction(0x15, 0, len(asks) + 2, special["prlimit64"])] + asks + [ALLOW, refuse(errno.EPERM)]
    for name, (place, requests) in sorted(REFUSED_REQUESTS.items()):
        # No branch comes back here with another number: the rest of the filter would read an argument in its place.
        asked = [load(16 + 8 * place)]
        asked += [instruction(0x15, len(requests) - at, 0, request) for at, request in enumerate(requests)]
        parts += [instruction(0x15, 0, len(asked) + 2, special[name])] + asked + [ALLOW, refuse(errno.EPERM)]
    parts.append(ALLOW)
    return b"".join(parts), len(parts)


def confine_calls():
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    text, length = system_calls(os.getpid())
    held = ctypes.create_string_buffer(text, len(text))
    program = Program(length, ctypes.cast(held, ctypes.c_void_p).value)
    return library.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0


def confine_files(folder):
    """Landlock (Linux 5.13): what lies outside the interpreter and the program's own folder can be neither read nor written."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    create, add, restrict = 444, 445, 446
    version = library.syscall(create, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    execute, write_file, read_file, read_dir = 1, 2, 4, 8
    everything = (1 << 13) - 1
    if version >= 2:
        everything |= 1 << 13
    if version >= 3:
        everything |= 1 << 14
    attributes = struct.pack("=Q", everything)
    rules = library.syscall(create, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    reading = execute | read_file | read_dir
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    places |= {"/usr", "/lib", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom"}
    allowed = [(place, reading) for place in sorted(places)]
    allowed += [("/dev/null", read_file | write_file), (folder, everything & ~execute)]
    of_files = execute | write_file | read_file | (everything & 1 << 14)
    for place, rights in allowed:
        try:
            at = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(place):
            rights &= of_files
        rule = struct.pack("=Qi", rights, at)
        failed = library.syscall(add, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0)) != 0
        os.close(at)
        if failed:
            os.close(rules)
            return False
    done = library.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    done = done and library.syscall(restrict, ctypes.c_int(rules), ctypes.c_uint32(0)) == 0
    os.close(rules)
    return done


def die_with_runner():
    return ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0) == 0


def tried(wall, *arguments):
    try:
        return bool(wall(*arguments))
    except Exception:
        return False


def limit(which, most):
    try:
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    except (OSError, ValueError):
        pass


def confine(request):
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, 64)
    limit(resource.RLIMIT_FSIZE, request["file"])
    limit(resource.RLIMIT_CPU, int(request["seconds"]) + 2)
    limit(getattr(resource, "RLIMIT_AS", resource.RLIMIT_DATA), request["memory"])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    on_linux = sys.platform.startswith("linux")
    if on_linux:
        tried(die_with_runner)
    files = on_linux and tried(confine_files, os.getcwd())
    calls = on_linux and tried(confine_calls)
    if not calls and hasattr(resource, "RLIMIT_NPROC"):
        limit(resource.RLIMIT_NPROC, 0)
    return calls, files


def run(program, token, out):
    """Everything that is needed afterwards is at hand beforehand: a program may put other things into modules."""
    read, write, leave, form = os.read, os.write, os._exit, repr
    try:
        exec(compile(program, "<program>", "exec"), {})
    except BaseException as fault:
        try:
            text = "%s: %s" % (type(fault).__name__, fault)
            write(out, FAILED + text[:LONGEST].encode("utf-8", "replace"))
        finally:
            leave(1)
    write(out, PASSED + read(token, 64))
    leave(0)


def child(request, token, out):
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    # The two that are kept get low places, and all others are closed.
    os.dup2(token, 3)
    os.dup2(out, 4)
    os.closerange(5, 4096)
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "HOME": os.getcwd()})
    calls, files = confine(request)
    os.write(4, WALLS + bytes([calls, files]))
    run(request["program"], 3, 4)


def judged(said, number, status):
    """What the child's last words and its end say together."""
    if said[:1] == PASSED and said[1:] == number:
        return "passed", ""
    if said[:1] == FAILED:
        return "failed", said[1:].decode("utf-8", "replace")
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "failed", "it was killed, or closed what it answers by"
    if os.WIFSIGNALED(status):
        return "failed", "ended by signal %d" % os.WTERMSIG(status)
    return "failed", "it ended before its tests were over (exit code %d)" % os.waitstatus_to_exitcode(status)


def main():
    request = json.loads(sys.stdin.buffer.readline())
    # The mark by which descendants are known stays; nothing else of the environment is needed.
    token, token_in = os.pipe()
    out, out_in = os.pipe()
    # Above what the child puts into the low places.
    token_above, out_above = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (token, out_in))
    pid = os.fork()
    if pid == 0:
        try:
            child(request, token_above, out_above)
        finally:
            os._exit(70)
    os.close(out_in)
    os.close(out_above)
    number = os.urandom(16)
    os.write(token_in, number)
    os.close(token_in)
    deadline = time.monotonic() + request["seconds"]
    said, walls, timed_out = b"", None, False
    while len(said) < 4 * LONGEST + 64:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            timed_out = True
            break
        part = os.read(out, 4096)
        if not part:
            break
        said += part
        if walls is None and len(said) >= 3:
            walls, said = said[1:3], said[3:]
    os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if timed_out:
        verdict, detail = "timed_out", ""
    else:
        verdict, detail = judged(said, number, status)
    walls = walls or b"\0\0"
    told = {"verdict": verdict, "detail": detail[:LONGEST], "calls": bool(walls[0]), "files": bool(walls[1])}
    sys.stdout.write(json.dumps(told) + "\n")


main()
