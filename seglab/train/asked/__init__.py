"""What pages ask of workers, a file for each subject: questions in the web process, their answers as futures."""
