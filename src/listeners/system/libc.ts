/**
 * libc: the socket calls Node does not have, as typed functions.
 *
 * In, out   file descriptors are plain numbers, and so are memory addresses: user-space addresses stay
 *           below 2^53, and a number costs a call less than a BigInt does.
 * Thread    any. errno is per thread, and every failure is read on the thread that made the call.
 * Memory    address() gives the address of a view's bytes. It holds for as long as the buffer lives and
 *           nothing here keeps the buffer alive: whoever passes an address keeps the view. It works on
 *           shared and WebAssembly memory; a shared memory does not move when it grows.
 * Failure   set-up calls throw SystemCallError. recvmmsg, sendmmsg and send never throw: they return a
 *           count or a negative errno, because EAGAIN is their normal answer.
 * Limits    Linux on x64 and arm64, whose struct layouts agree (drawn in message-vector.ts
 *           and sockaddr.ts).
 * Why       Node cannot open a Unix datagram socket or receive a batch. koffi calls libc without a compiler
 *           at install; a call costs 260 ns, so calls move batches. Where koffi or Linux is missing,
 *           loadLibc() throws LibcUnavailable and the caller takes the portable path.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import { decodeSockaddr, SOCKADDR_BYTES_MAX, type SocketName } from './sockaddr.ts';

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
/** What a socket is: its type, whether it listens, its address family. */
export const SO_TYPE = 3;
export const SO_ACCEPTCONN = 30;
export const SO_DOMAIN = 39;
/** Sockets of one user may have one address; the kernel chooses one of them for each client. */
export const SO_REUSEPORT = 15;
/** Whether close waits or resets: struct linger. */
export const SO_LINGER = 13;
/** A program of the packet filter that says how much of each packet is let in. */
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_PASSCRED = 16;
/** Who connected the other end of a Unix stream: pid, uid and gid as int32. */
const SO_PEERCRED = 17;
/** Adds a descriptor of the sending process to each message; the one that has connected a stream. Linux 6.5. */
export const SO_PASSPIDFD = 76;
const SO_PEERPIDFD = 77;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
/** What the kernel knows of a socket's memory: nine uint32, drawn in socket-memory.ts. */
export const SO_MEMINFO = 55;
export const IPPROTO_TCP = 6;
/** What the kernel knows of a TCP connection; its first byte is the state. */
export const TCP_INFO = 11;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

/** Advice to madvise. */
const MADV_DONTNEED = 4;
/** mallopt: from how many bytes on a block is mapped by itself. */
const M_MMAP_THRESHOLD = -3;
/** Words of the longest option that is an array. */
const WORDS_MAX = 9;
/** fcntl: another descriptor of the same file, closed on exec; the flags of a descriptor and of its file. */
const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0x800;
/** poll: the other end sends no more; the socket has failed. */
export const POLLIN = 0x1;
export const POLLERR = 0x8;
export const POLLRDHUP = 0x2000;
/** Descriptors that poll looks at in one call. */
export const POLL_MAX = 8;
/** dup3: closed on exec. */
const O_CLOEXEC = 0x80000;
/** shutdown: what the other end has sent can still be read, and then the end. */
export const SHUT_RD = 0;

/** The clock of Date.now(). */
const CLOCK_REALTIME = 0;

/** Descriptors that the sender passes: level SOL_SOCKET, this type, then int32 each. */
export const SCM_RIGHTS = 1;
/** Ancillary data of SO_PASSPIDFD: one descriptor, or a negative errno. */
export const SCM_PIDFD = 4;
/** Ancillary data of SO_PASSCRED: level SOL_SOCKET, this type, then pid, uid and gid as int32. */
export const SCM_CREDENTIALS = 2;

export const MSG_DONTWAIT = 0x40;
/** No SIGPIPE when nobody is at the other end. */
export const MSG_NOSIGNAL = 0x4000;
/** The room for ancillary data was too short. */
export const MSG_CTRUNC = 0x8;
/** Received descriptors are closed on exec. */
export const MSG_CMSG_CLOEXEC = 0x40000000;
/** recvmmsg blocks for the first message only. */
export const MSG_WAITFORONE = 0x10000;

/** ioctl of a pidfd: struct pidfd_info of 64 bytes. Linux 6.13, and of a process that has ended 6.15. */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_BYTES = 64;
/** What is asked for: the cgroup, also from what is kept of a process that has ended. */
const PIDFD_INFO_CGROUPID = 4n;
const PIDFD_INFO_EXIT = 8n;

/** ioctl of a socket: bytes that were sent and that the other end has not read, as int. */
const SIOCOUTQ = 0x5411;

/** Error numbers that callers tell apart; errnoName() knows the rest. */
export const EPERM = 1;
export const EINTR = 4;
export const EAGAIN = 11;
export const EINVAL = 22;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;

export interface Libc {
  /** Address of the first byte of `view`. Borrowed: the caller keeps the view. */
  address(view: ArrayBufferView): number;
  /** Opens a socket that is closed on exec. */
  socket(domain: number, type: number): number;
  bind(fd: number, sockaddr: Uint8Array): void;
  connect(fd: number, sockaddr: Uint8Array): void;
  /** Lets clients connect; `backlog` of them may wait to be accepted. */
  listen(fd: number, backlog: number): void;
  /** Takes a connection that waits, without waiting for one: its descriptor, or -errno. */
  accept(fd: number): number;
  /** Another descriptor of the same socket, to be closed on its own. */
  duplicate(fd: number): number;
  /** Makes `fd` a descriptor of the socket that `by` is one of, in place of its own; `by` is closed. */
  replace(fd: number, by: number): void;
  /** Keeps programs that this one starts from having the descriptor. */
  closeOnExec(fd: number): void;
  /** Has calls on the socket wait, for everyone who shares it, unless a call says otherwise. */
  makeBlocking(fd: number): void;
  /** Shuts one direction of a connection; false when there is none any more. */
  shutdown(fd: number, how: number): boolean;
  /** The process at the other end of a Unix stream socket. */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /** A descriptor of that process, to be closed; undefined where the kernel has none. */
  peerPidfd(fd: number): number | undefined;
  /** Id of the v2 cgroup of a pidfd's process, also when it has ended; undefined where the kernel does not say. */
  pidfdCgroup(pidfd: number): bigint | undefined;
  /** Memory of what was sent on a Unix socket and the other end has not read yet, bytes; 0 when it has all. */
  unreadBytes(fd: number): number;
  /** Closes `fd`, whatever the kernel says about it: after close the descriptor is gone in any case. */
  close(fd: number): void;
  setOption(fd: number, level: number, option: number, value: number): void;
  /** An option that is a struct. */
  setOptionBytes(fd: number, level: number, option: number, value: Uint8Array): void;
  getOption(fd: number, level: number, option: number): number;
  /** Which of `events`, and what errors, the descriptor has now; 0 for none, or -errno. */
  poll(fd: number, events: number): number;
  /** Waits until one of at most POLL_MAX descriptors can be read; how many can, or -errno. */
  waitReadable(fds: readonly number[], timeoutMs: number): number;
  /** An option that is an array of uint32; as many of them as the kernel has, at most nine. */
  getWords(fd: number, level: number, option: number): Uint32Array;
  /** Sets SO_RCVTIMEO or SO_SNDTIMEO; 0 waits for ever. */
  setTimeout(fd: number, option: number, timeoutMs: number): void;
  getSocketName(fd: number): SocketName;
  /**
   * Hot path. Receives into the `count` mmsghdr at `headers`; returns how many, or -errno. An address that is a
   * BigInt is not made anew for every call, as a large number is.
   */
  recvmmsg(fd: number, headers: number | bigint, count: number, flags: number): number;
  /** Gives freed memory of this process back to the system, where the C library can (glibc). */
  trimHeap(): void;
  /**
   * Has blocks of `bytes` and more mapped by themselves, where the C library can (glibc), so that each goes back to the
   * system when it is freed.
   */
  mapBlocksFrom(bytes: number): void;
  /** Gives whole pages at `address` back to the system; private memory reads as zero from then on. 0 or -errno. */
  dropPages(address: number, bytes: number): number;
  /** Hot path. Sleeps, at least for `microseconds` and less than a second unless a signal comes. */
  sleep(microseconds: number): void;
  /** Hot path. Writes the time of the system's clock as a struct timespec to `timespec`. */
  readClock(timespec: bigint): void;
  /** Hot path. Sends the `count` mmsghdr at `headers`; returns how many were sent, or -errno for the first. */
  sendmmsg(fd: number, headers: number | bigint, count: number, flags: number): number;
  /** Sends one message on a connected socket; returns the bytes sent, or -errno. */
  send(fd: number, bytes: number, length: number, flags: number): number;
  /** Sends one message to `sockaddr`; returns the bytes sent, or -errno. */
  sendTo(fd: number, bytes: number, length: number, flags: number, sockaddr: Uint8Array): number;
}

/** libc cannot be called here; the message says what is missing. */
export class LibcUnavailable extends Error {
  readonly code = 'ERR_LIBC_UNAVAILABLE';

  constructor(reason: string, cause?: unknown) {
    super(`ERR_LIBC_UNAVAILABLE: ${reason}`, { cause });
    this.name = 'LibcUnavailable';
  }
}

/** A system call that set something up failed. `code` is the name of the errno, as in Node's own errors. */
export class SystemCallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    super(`${syscall}: ${errnoName(errno)}, ${errnoText(errno)}`);
    this.name = 'SystemCallError';
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** `EADDRINUSE` for 98; `E98` would mean that libuv does not know the number. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`;
}

/** `address already in use` for 98. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? `system error ${errno}`;
}

let loaded: Libc | undefined;

/** Binds libc on first use in a thread. Throws LibcUnavailable when koffi or Linux is missing. */
export function loadLibc(): Libc {
  loaded ??= bindLibc();
  return loaded;
}

type Koffi = typeof import('koffi');

function bindLibc(): Libc {
  const { platform, arch } = process;
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    throw new LibcUnavailable(`system calls need Linux on x64 or arm64, this is ${platform} on ${arch}`);
  }
  const koffi = requireKoffi();
  // The process itself has libc loaded, under whatever name the distribution gave it (glibc, musl).
  const library = koffi.load(null);
  const socket = library.func('socket', 'int', ['int', 'int', 'int']);
  const bind = library.func('bind', 'int', ['int', 'uintptr_t', 'uint32_t']);
  const connect = library.func('connect', 'int', ['int', 'uintptr_t', 'uint32_t']);
  const listen = library.func('listen', 'int', ['int', 'int']);
  const accept4 = library.func('accept4', 'int', ['int', 'uintptr_t', 'uintptr_t', 'int']);
  const fcntl = library.func('fcntl', 'int', ['int', 'int', 'int']);
  const dup3 = library.func('dup3', 'int', ['int', 'int', 'int']);
  const poll = library.func('poll', 'int', ['uintptr_t', 'uint64_t', 'int']);
  const shutdown = library.func('shutdown', 'int', ['int', 'int']);
  const close = library.func('close', 'int', ['int']);
  const ioctl = library.func('ioctl', 'int', ['int', 'unsigned long', 'uintptr_t']);
  const setsockopt = library.func('setsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uint32_t']);
  const getsockopt = library.func('getsockopt', 'int', ['int', 'int', 'int', 'uintptr_t', 'uintptr_t']);
  const getsockname = library.func('getsockname', 'int', ['int', 'uintptr_t', 'uintptr_t']);
  const recvmmsg = library.func('recvmmsg', 'int', ['int', 'uintptr_t', 'uint32_t', 'int', 'uintptr_t']);
  const sendmmsg = library.func('sendmmsg', 'int', ['int', 'uintptr_t', 'uint32_t', 'int']);
  const sendto = library.func('sendto', 'intptr_t', [
    'int',
    'uintptr_t',
    'size_t',
    'int',
    'uintptr_t',
    'uint32_t',
  ]);

  const mallocTrim = optionalFunction(() => library.func('malloc_trim', 'int', ['size_t']));
  const mallopt = optionalFunction(() => library.func('mallopt', 'int', ['int', 'int']));
  const madvise = library.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']);
  const usleep = library.func('usleep', 'int', ['uint32_t']);
  const clockGettime = library.func('clock_gettime', 'int', ['int', 'uintptr_t']);

  const address = (view: ArrayBufferView): number => Number(koffi.address(view));
  const check = (syscall: string, result: number): number => {
    if (result < 0) throw new SystemCallError(syscall, koffi.errno());
    return result;
  };
  // Scratch for options, their length and socket names: set-up calls of one thread, never nested.
  const scratch = new DataView(new ArrayBuffer(8 + SOCKADDR_BYTES_MAX));
  const lengthAt = address(scratch);
  const valueAt = lengthAt + 8;

  return {
    address,
    socket: (domain, type) => check('socket', socket(domain, type | SOCK_CLOEXEC, 0)),
    bind: (fd, sockaddr) => void check('bind', bind(fd, address(sockaddr), sockaddr.length)),
    connect: (fd, sockaddr) => void check('connect', connect(fd, address(sockaddr), sockaddr.length)),
    listen: (fd, backlog) => void check('listen', listen(fd, backlog)),
    accept: (fd) => {
      const accepted: number = accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
      return accepted < 0 ? -koffi.errno() : accepted;
    },
    duplicate: (fd) => check('fcntl', fcntl(fd, F_DUPFD_CLOEXEC, 0)),
    replace: (fd, by) => {
      check('dup3', dup3(by, fd, O_CLOEXEC));
      close(by);
    },
    closeOnExec: (fd) => void check('fcntl', fcntl(fd, F_SETFD, FD_CLOEXEC)),
    makeBlocking: (fd) => {
      const flags = check('fcntl', fcntl(fd, F_GETFL, 0));
      check('fcntl', fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
    },
    shutdown: (fd, how) => shutdown(fd, how) === 0,
    peerCredentials: (fd) => {
      scratch.setUint32(0, 12, true);
      check('getsockopt', getsockopt(fd, SOL_SOCKET, SO_PEERCRED, valueAt, lengthAt));
      return {
        pid: scratch.getInt32(8, true),
        uid: scratch.getUint32(12, true),
        gid: scratch.getUint32(16, true),
      };
    },
    peerPidfd: (fd) => {
      scratch.setUint32(0, 4, true);
      scratch.setInt32(8, -1, true);
      if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, valueAt, lengthAt) < 0) return undefined;
      const pidfd = scratch.getInt32(8, true);
      return pidfd < 0 ? undefined : pidfd;
    },
    pidfdCgroup: (pidfd) => {
      // struct pidfd_info { mask u64, cgroupid u64, … }
      new Uint8Array(scratch.buffer, 8, PIDFD_INFO_BYTES).fill(0);
      scratch.setBigUint64(8, PIDFD_INFO_CGROUPID | PIDFD_INFO_EXIT, true);
      if (ioctl(pidfd, PIDFD_GET_INFO, valueAt) < 0) return undefined;
      const isTold = (scratch.getBigUint64(8, true) & PIDFD_INFO_CGROUPID) !== 0n;
      return isTold ? scratch.getBigUint64(16, true) : undefined;
    },
    unreadBytes: (fd) => {
      check('ioctl', ioctl(fd, SIOCOUTQ, valueAt));
      return scratch.getInt32(8, true);
    },
    close: (fd) => void close(fd),
    setOption: (fd, level, option, value) => {
      scratch.setInt32(8, value, true);
      check('setsockopt', setsockopt(fd, level, option, valueAt, 4));
    },
    setOptionBytes: (fd, level, option, value) =>
      void check('setsockopt', setsockopt(fd, level, option, address(value), value.length)),
    poll: (fd, events) => {
      // struct pollfd { fd i32, events i16, revents i16 }
      scratch.setInt32(8, fd, true);
      scratch.setUint32(12, events, true);
      const found: number = poll(valueAt, 1, 0);
      return found < 0 ? -koffi.errno() : scratch.getUint16(14, true);
    },
    waitReadable: (fds, timeoutMs) => {
      for (const [i, fd] of fds.entries()) {
        scratch.setInt32(8 + i * 8, fd, true);
        scratch.setUint32(12 + i * 8, POLLIN, true);
      }
      const found: number = poll(valueAt, fds.length, timeoutMs);
      return found < 0 ? -koffi.errno() : found;
    },
    getOption: (fd, level, option) => {
      scratch.setUint32(0, 4, true);
      check('getsockopt', getsockopt(fd, level, option, valueAt, lengthAt));
      return scratch.getInt32(8, true);
    },
    getWords: (fd, level, option) => {
      scratch.setUint32(0, WORDS_MAX * 4, true);
      check('getsockopt', getsockopt(fd, level, option, valueAt, lengthAt));
      return new Uint32Array(scratch.buffer.slice(8, 8 + scratch.getUint32(0, true)));
    },
    setTimeout: (fd, option, timeoutMs) => {
      // struct timeval { seconds int64, microseconds int64 }
      scratch.setBigInt64(8, BigInt(Math.floor(timeoutMs / 1000)), true);
      scratch.setBigInt64(16, BigInt(Math.round((timeoutMs % 1000) * 1000)), true);
      check('setsockopt', setsockopt(fd, SOL_SOCKET, option, valueAt, 16));
    },
    getSocketName: (fd) => {
      scratch.setUint32(0, SOCKADDR_BYTES_MAX, true);
      check('getsockname', getsockname(fd, valueAt, lengthAt));
      return decodeSockaddr(new Uint8Array(scratch.buffer, 8, scratch.getUint32(0, true)));
    },
    recvmmsg: (fd, headers, count, flags) => {
      const received: number = recvmmsg(fd, headers, count, flags, 0);
      return received < 0 ? -koffi.errno() : received;
    },
    dropPages: (at, bytes) => (madvise(at, bytes, MADV_DONTNEED) < 0 ? -koffi.errno() : 0),
    trimHeap: () => void mallocTrim?.(0),
    sleep: (microseconds) => void usleep(microseconds),
    mapBlocksFrom: (bytes) => void mallopt?.(M_MMAP_THRESHOLD, bytes),
    readClock: (timespec) => void clockGettime(CLOCK_REALTIME, timespec),
    sendmmsg: (fd, headers, count, flags) => {
      const sent: number = sendmmsg(fd, headers, count, flags);
      return sent < 0 ? -koffi.errno() : sent;
    },
    send: (fd, bytes, length, flags) => {
      const sent = Number(sendto(fd, bytes, length, flags, 0, 0));
      return sent < 0 ? -koffi.errno() : sent;
    },
    sendTo: (fd, bytes, length, flags, sockaddr) => {
      const sent = Number(sendto(fd, bytes, length, flags, address(sockaddr), sockaddr.length));
      return sent < 0 ? -koffi.errno() : sent;
    },
  };
}

/** A function that not every C library has. */
function optionalFunction<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/** koffi is loaded on first use: without it the portable listeners still work. */
function requireKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    throw new LibcUnavailable('the koffi package cannot be loaded', cause);
  }
}
