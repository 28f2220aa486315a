#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What this module asks of the operating system, and the only place that knows which one it is.
enum System {
    // MARK: - Bytes

    /// Like read(2), again after a signal. 0 at the end, negative on error.
    static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let n = systemRead(descriptor, buffer.baseAddress, buffer.count)
            if n >= 0 || errno != EINTR { return n }
        }
    }

    /// Like write(2), again after a signal.
    static func write(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        while true {
            let n = systemWrite(descriptor, buffer.baseAddress, buffer.count)
            if n >= 0 || errno != EINTR { return n }
        }
    }

    /// Like send(2) without SIGPIPE. nil when it would block, negative on error.
    static func send(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int? {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        let n = systemSend(descriptor, buffer.baseAddress, buffer.count, flags)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? nil : n
    }

    /// Like recv(2). nil when it would block, 0 at the end, negative on error.
    static func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let n = systemRead(descriptor, buffer.baseAddress, buffer.count)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? nil : n
    }

    /// Waits until the descriptor can be written or read (or is closed), for at most some milliseconds.
    static func wait(_ descriptor: Int32, writing: Bool, milliseconds: Int32) {
        var request = pollfd(fd: descriptor, events: Int16(writing ? POLLOUT : POLLIN), revents: 0)
        _ = poll(&request, 1, milliseconds)
    }

    static var lastError: Int32 { errno }

    static func close(_ descriptor: Int32) { _ = systemClose(descriptor) }

    // MARK: - Files

    /// Opens a regular file for reading, never through a symbolic link in its last part, and gives its size.
    static func openRegularFile(_ path: String) throws(MediaError) -> (descriptor: Int32, count: Int) {
        guard !path.utf8.contains(0) else { throw .notFound }
        // O_NONBLOCK: a named pipe would block here before fstat could refuse it.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .notFound
            case ELOOP: throw .isSymbolicLink
            case EACCES, EPERM: throw .permissionDenied
            case ENXIO: throw .notAFile
            default: throw .unreadable(errno)
            }
        }
        var status = stat()
        let failed = fstat(descriptor, &status) != 0
        let kind = status.st_mode & S_IFMT
        if failed || kind != S_IFREG {
            let number = errno
            close(descriptor)
            if failed { throw .unreadable(number) }
            throw kind == S_IFDIR ? .isDirectory : .notAFile
        }
        return (descriptor, Int(status.st_size))
    }

    // MARK: - Processes

    /// Two connected stream sockets, closed on exec, numbered above the standard ones; nil with `errno` set.
    static func socketPair() -> (Int32, Int32)? {
        var pair: [Int32] = [-1, -1]
        #if canImport(Darwin)
            let kind = SOCK_STREAM
        #else
            let kind = Int32(SOCK_STREAM.rawValue)
        #endif
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { return nil }
        for i in 0..<2 {
            let raised = fcntl(pair[i], F_DUPFD_CLOEXEC, 3)
            close(pair[i])
            pair[i] = raised
        }
        guard pair[0] >= 0, pair[1] >= 0 else {
            pair.filter { $0 >= 0 }.forEach(close)
            return nil
        }
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(pair[0], SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        return (pair[0], pair[1])
    }

    static func makeNonblocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Starts a program whose standard input and output are one socket, with nothing else of this process in it: its
    /// own session (so that keys pressed at the terminal do not signal it), default signals and an empty environment but
    /// for the library path. Descriptors that are not close-on-exec it closes itself, first thing.
    ///
    /// - Returns: its process id, or the error number.
    static func spawn(_ executable: String, _ arguments: [String], socket: Int32) -> Result<pid_t, SystemError> {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let flags =
                POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            // glibc and musl declare it only under _GNU_SOURCE, with this value.
            let newSession: Int32 = 0x80
            let flags = newSession | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, socket, 0)
        posix_spawn_file_actions_adddup2(&actions, socket, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = []
        for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let value = getenv(name) { environment.append(strdup("\(name)=\(String(cString: value))")) }
        }
        environment.append(nil)
        defer { (words + environment).forEach { free($0) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, executable, &actions, &attributes, &words, &environment)
        return error == 0 ? .success(process) : .failure(SystemError(number: error))
    }

    /// Collects a child if it has ended.
    static func reapIfEnded(_ process: pid_t) -> MediaError.WorkerEnd? {
        var status: Int32 = 0
        let found = waitpid(process, &status, WNOHANG)
        if found == process { return end(of: status) }
        return found < 0 && errno != EINTR ? .unknown : nil
    }

    /// Collects a child that ends within some milliseconds; kills it first where it does not.
    static func reap(_ process: pid_t, patience milliseconds: Int) -> MediaError.WorkerEnd {
        for _ in 0..<max(1, milliseconds) {
            if let end = reapIfEnded(process) { return end }
            usleep(1000)
        }
        var status: Int32 = 0
        kill(process, SIGKILL)
        while waitpid(process, &status, 0) < 0 {
            if errno != EINTR { return .unknown }
        }
        return end(of: status)
    }

    /// The macros of sys/wait.h, which Swift does not import.
    private static func end(of status: Int32) -> MediaError.WorkerEnd {
        let signal = status & 0x7F
        return signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
    }

    // MARK: - The worker itself

    /// Gives up what decoding does not need: memory without end, core dumps, new descriptors, written files.
    ///
    /// - Parameter keeping: the descriptors that stay open; every other one is closed.
    static func restrictThisProcess(addressSpace: UInt, keeping: Set<Int32>) {
        for descriptor in 3..<highestDescriptor() where !keeping.contains(descriptor) { close(descriptor) }
        #if canImport(Glibc)
            let (memory, core) = (Int32(RLIMIT_AS.rawValue), Int32(RLIMIT_CORE.rawValue))
            let (descriptors, written) = (Int32(RLIMIT_NOFILE.rawValue), Int32(RLIMIT_FSIZE.rawValue))
        #else
            let (memory, core, descriptors, written) = (RLIMIT_AS, RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_FSIZE)
        #endif
        for (resource, value) in [(memory, rlim_t(addressSpace)), (core, 0), (descriptors, 0), (written, 0)] {
            var limit = rlimit(rlim_cur: value, rlim_max: value)
            setrlimit(resource, &limit)
        }
    }

    /// One more than the highest open descriptor; a guess where the system does not list them.
    private static func highestDescriptor() -> Int32 {
        guard let directory = opendir("/dev/fd") else { return 4096 }
        defer { closedir(directory) }
        var highest: Int32 = 3
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name) { highest = max(highest, number + 1) }
        }
        return highest
    }

    /// Sets (or with 0 clears) the moment at which the system ends this process by SIGALRM.
    static func endThisProcess(afterSeconds seconds: UInt32) { alarm(seconds) }
}

/// An error number of the system's, with its own words for it.
struct SystemError: Error, CustomStringConvertible {
    var number: Int32
    var description: String { String(cString: strerror(number)) }
}

// The names of C are taken by the functions above.
#if canImport(Darwin)
    private let systemRead = Darwin.read
    private let systemWrite = Darwin.write
    private let systemSend = Darwin.send
    private let systemClose = Darwin.close
#elseif canImport(Musl)
    private let systemRead = Musl.read
    private let systemWrite = Musl.write
    private let systemSend = Musl.send
    private let systemClose = Musl.close
#else
    private let systemRead = Glibc.read
    private let systemWrite = Glibc.write
    private let systemSend = Glibc.send
    private let systemClose = Glibc.close
#endif
