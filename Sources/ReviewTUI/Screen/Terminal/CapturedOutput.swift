import CNCurses
import Foundation

/// What ncurses writes, as bytes.
///
/// ncurses writes to a descriptor and waits until the terminal has taken everything. Its descriptor is a copy of the
/// terminal's, for what it asks of the driver; while it draws, memory stands in its place.
struct CapturedOutput {
    /// For `newterm`.
    let file: UnsafeMutablePointer<FILE>
    private let descriptor: Int32
    private let terminal: Int32
    private let memory: Int32

    /// Nil where the system has no descriptor or no memory left.
    init?(terminal: Int32) {
        let descriptor = dup(terminal)
        let memory = reviewtui_memory_file()
        guard descriptor >= 0, memory >= 0, let file = fdopen(descriptor, "w") else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        (self.file, self.descriptor, self.terminal, self.memory) = (file, descriptor, terminal, memory)
    }

    /// Draws, and returns what would have been written.
    func capture(_ draw: () -> Void) -> [UInt8] {
        guard dup2(memory, descriptor) >= 0 else {
            draw()
            return []
        }
        draw()
        dup2(terminal, descriptor)
        let count = max(0, lseek(memory, 0, SEEK_CUR))
        lseek(memory, 0, SEEK_SET)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(memory, buffer.baseAddress, count, 0))
        }
    }
}
