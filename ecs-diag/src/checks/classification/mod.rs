super::checks! {}
