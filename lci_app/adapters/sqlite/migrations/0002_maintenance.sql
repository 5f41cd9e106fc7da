-- What visitors are told instead of being served; null while they are served.
ALTER TABLE projects ADD COLUMN maintenance TEXT;
