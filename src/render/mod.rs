//! A plan becomes files. Pure; decisions are made here, templates stay flat.
