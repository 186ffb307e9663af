-- The oldest code that works on this schema, by the newest pre step it knows. Pre steps leave it, post steps raise it.
CREATE TABLE schema_support (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    oldest_head text    COLLATE "C" NOT NULL
);
-- This step takes nothing from the tables that 0004 left.
INSERT INTO schema_support (oldest_head) VALUES ('0004');
