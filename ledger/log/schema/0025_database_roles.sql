-- Which database role does what here. The names are kept and not guessed: a database can be renamed,
-- restored beside another or copied, and roles belong to the whole server. Where this table is empty
-- no roles could be made, and everything is done by the role that connects.
CREATE TABLE database_roles (
    duty text NOT NULL,
    role name NOT NULL,
    CONSTRAINT database_roles_key PRIMARY KEY (duty),
    CONSTRAINT database_roles_duty_known CHECK (duty IN ('writing', 'reading', 'erasing')),
    CONSTRAINT database_roles_apart UNIQUE (role)
);

-- Who connects has to find its role before it has any right; names of roles and files tell nothing.
GRANT SELECT ON database_roles, migrations TO PUBLIC;
