//! The program `jackfield`.

/// A page is made of some hundred small texts. This allocator makes and drops them in less time than
/// the C library's, and gives the memory of password hashing back to the system.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    server::command_line::main()
}
