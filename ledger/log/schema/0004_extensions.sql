-- What the read models search and exclude with. All three are trusted extensions of PostgreSQL's
-- contrib, so that the owner of the database may create them. Where contrib is not installed the
-- record itself works all the same, and the read models say what they miss.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['pg_trgm', 'unaccent', 'btree_gist'] LOOP
        IF EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) THEN
            EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I', wanted);
        END IF;
    END LOOP;
END
$$;
