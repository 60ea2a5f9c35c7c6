//! Nothing with rights of its own comes to be in a project, whoever owns it.

use crate::common::special_files;
use crate::project::TestProject;

#[test]
fn an_application_leaves_no_privileged_file_in_the_project() {
    for project in [Some(TestProject::copy("plain-wsgi")), TestProject::of_root("plain-wsgi")].into_iter().flatten() {
        project.write("special_files.py", special_files::SCRIPT);
        project.up(&[]);
        let ran = project.parity(&["exec", "--", "python", "special_files.py"]).ok();
        special_files::check(&ran.stdout, &project.root);
        let diff = project.parity(&["diff"]).ok();
        assert!(diff.stdout.contains("special files"), "{diff}");
        std::fs::remove_dir_all(project.root.join("attempts")).unwrap();
    }
}
