//! The program `jackfield`.

fn main() -> std::process::ExitCode {
    server::command_line::main()
}
