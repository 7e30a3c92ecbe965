-- A name must not be able to steer the terminal that it is shown on.
CREATE INDEX "[2Jgone" ON t (a);
CREATE INDEX "ÿ" ON t (a);
