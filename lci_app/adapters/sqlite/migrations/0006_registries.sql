-- Logins to registries of images. The password is sealed by the program, bound to its row.
CREATE TABLE registries (
    host TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    sealed TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
